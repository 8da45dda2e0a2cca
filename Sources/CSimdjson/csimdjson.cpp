#include "csimdjson.h"

// The same checks in every build; the walk below never uses a value twice or out of order, which is what they look for.
#define SIMDJSON_DEVELOPMENT_CHECKS 0
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

using namespace simdjson;

namespace {

// Memory beyond this is given back after a large text instead of being kept for the next one.
constexpr size_t kept_bytes_maximum = 4 * 1024 * 1024;
constexpr size_t input_bytes_maximum = 1u << 30;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trimmed(std::string_view token) {
  while (!token.empty() && is_blank(token.back())) token.remove_suffix(1);
  return token;
}

// RFC 8259, section 6. simdjson would parse the number; its text is wanted exactly as it is, however large or precise.
bool is_number(std::string_view token) {
  size_t i = 0;
  auto digits = [&] {
    size_t start = i;
    while (i < token.size() && token[i] >= '0' && token[i] <= '9') i++;
    return i - start;
  };
  if (i < token.size() && token[i] == '-') i++;
  size_t first = i;
  size_t whole = digits();
  if (whole == 0 || (whole > 1 && token[first] == '0')) return false;
  if (i < token.size() && token[i] == '.') {
    i++;
    if (digits() == 0) return false;
  }
  if (i < token.size() && (token[i] == 'e' || token[i] == 'E')) {
    i++;
    if (i < token.size() && (token[i] == '+' || token[i] == '-')) i++;
    if (digits() == 0) return false;
  }
  return i == token.size();
}

// Only for a text of which simdjson has found the first token.
const char *first_byte(const char *text) {
  while (is_blank(*text)) text++;
  return text;
}

struct reader {
  ondemand::parser parser;
  std::vector<char> input;
  std::vector<csimdjson_node> nodes;
  std::vector<std::string_view> keys;
  uint32_t depth_maximum = 0;
  int error = CSIMDJSON_OK;
  const char *error_position = nullptr;

  bool fail(int code, const char *position) {
    if (error == CSIMDJSON_OK) {
      error = code;
      error_position = position;
    }
    return false;
  }

  bool fail(error_code code, const char *position) {
    switch (code) {
      case UTF8_ERROR: return fail(CSIMDJSON_ENCODING, position);
      case STRING_ERROR: case UNCLOSED_STRING: return fail(CSIMDJSON_BAD_STRING, position);
      case UNESCAPED_CHARS: return fail(CSIMDJSON_CONTROL_CHARACTER, position);
      case NUMBER_ERROR: return fail(CSIMDJSON_BAD_NUMBER, position);
      case DEPTH_ERROR: return fail(CSIMDJSON_TOO_DEEP, position);
      case EMPTY: return fail(CSIMDJSON_EMPTY, position);
      case CAPACITY: case MEMALLOC: return fail(CSIMDJSON_TOO_LARGE, position);
      default: return fail(CSIMDJSON_SYNTAX, position);
    }
  }

  void push(uint32_t kind, std::string_view text) {
    nodes.push_back({text.data(), static_cast<uint32_t>(text.size()), kind});
  }

  // simdjson joins surrogate pairs but may let a lone one through as three bytes that are no UTF-8.
  bool push_string(std::string_view text, const char *position) {
    bool is_plain = std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) == 0xED; });
    if (!is_plain && !validate_utf8(text.data(), text.size())) return fail(CSIMDJSON_BAD_STRING, position);
    push(CSIMDJSON_STRING, text);
    return true;
  }

  bool push_scalar(std::string_view token) {
    token = trimmed(token);
    if (token == "null") push(CSIMDJSON_NULL, token);
    else if (token == "true") push(CSIMDJSON_TRUE, token);
    else if (token == "false") push(CSIMDJSON_FALSE, token);
    else if (is_number(token)) push(CSIMDJSON_NUMBER, token);
    else {
      bool is_like_number = !token.empty() && (token[0] == '-' || (token[0] >= '0' && token[0] <= '9'));
      return fail(is_like_number ? CSIMDJSON_BAD_NUMBER : CSIMDJSON_SYNTAX, token.data());
    }
    return true;
  }

  // The keys of one object lie behind `first` in `keys`.
  bool check_keys(size_t first, const char *position) {
    size_t count = keys.size() - first;
    auto begin = keys.begin() + static_cast<std::ptrdiff_t>(first);
    bool is_repeated = false;
    if (count <= 16) {
      for (size_t i = 1; i < count && !is_repeated; i++)
        for (size_t j = 0; j < i; j++) is_repeated = is_repeated || begin[i] == begin[j];
    } else {
      std::sort(begin, keys.end());
      is_repeated = std::adjacent_find(begin, keys.end()) != keys.end();
    }
    keys.resize(first);
    return is_repeated ? fail(CSIMDJSON_DUPLICATE_KEY, position) : true;
  }

  // Recursion is bounded by the depth, which is looked at before going down.
  bool walk(ondemand::value value, uint32_t depth) {
    std::string_view token = value.raw_json_token();
    if (token.empty()) return fail(CSIMDJSON_SYNTAX, token.data());
    switch (token[0]) {
      case '"': {
        std::string_view text;
        if (auto code = value.get_string().get(text)) return fail(code, token.data());
        return push_string(text, token.data());
      }
      case '{': return walk_object(value, token.data(), depth + 1);
      case '[': return walk_array(value, token.data(), depth + 1);
      default: return push_scalar(token);
    }
  }

  bool walk_object(ondemand::value value, const char *position, uint32_t depth) {
    if (depth > depth_maximum) return fail(CSIMDJSON_TOO_DEEP, position);
    size_t place = nodes.size();
    size_t first_key = keys.size();
    push(CSIMDJSON_OBJECT, std::string_view(position, 0));
    ondemand::object object;
    if (auto code = value.get_object().get(object)) return fail(code, position);
    uint32_t count = 0;
    for (auto item : object) {
      ondemand::field field;
      if (auto code = std::move(item).get(field)) return fail(code, position);
      std::string_view key;
      const char *key_position = field.key().raw();
      if (auto code = field.unescaped_key().get(key)) return fail(code, key_position);
      if (!push_string(key, key_position)) return false;
      keys.push_back(key);
      if (!walk(field.value(), depth)) return false;
      count++;
    }
    nodes[place].length = count;
    return check_keys(first_key, position);
  }

  bool walk_array(ondemand::value value, const char *position, uint32_t depth) {
    if (depth > depth_maximum) return fail(CSIMDJSON_TOO_DEEP, position);
    size_t place = nodes.size();
    push(CSIMDJSON_ARRAY, std::string_view(position, 0));
    ondemand::array array;
    if (auto code = value.get_array().get(array)) return fail(code, position);
    uint32_t count = 0;
    for (auto item : array) {
      ondemand::value element;
      if (auto code = std::move(item).get(element)) return fail(code, position);
      if (!walk(element, depth)) return false;
      count++;
    }
    nodes[place].length = count;
    return true;
  }

  bool walk_document(ondemand::document &document, const char *start, size_t length) {
    bool is_scalar = false;
    if (auto code = document.is_scalar().get(is_scalar)) return fail(code, start);
    if (!is_scalar) {
      ondemand::value value;
      if (auto code = document.get_value().get(value)) return fail(code, start);
      if (!walk(value, 0)) return false;
    } else if (*first_byte(start) == '"') {
      std::string_view text;
      if (auto code = document.get_string().get(text)) return fail(code, start);
      if (!push_string(text, start)) return false;
    } else {
      const char *first = first_byte(start);
      return push_scalar(std::string_view(first, static_cast<size_t>(start + length - first)));
    }
    const char *behind = nullptr;
    if (document.current_location().get(behind) == SUCCESS) return fail(CSIMDJSON_TRAILING_CONTENT, behind);
    return true;
  }

  void parse(const char *bytes, size_t length) {
    nodes.clear();
    keys.clear();
    error = CSIMDJSON_OK;
    error_position = nullptr;
    input.resize(length + SIMDJSON_PADDING);
    std::memcpy(input.data(), bytes, length);
    std::memset(input.data() + length, ' ', SIMDJSON_PADDING);
    ondemand::document document;
    auto code = parser.iterate(input.data(), length, input.size()).get(document);
    if (code) fail(code, nullptr);
    else walk_document(document, input.data(), length);
  }

  size_t error_offset(size_t length) const {
    bool is_inside = error_position >= input.data() && error_position <= input.data() + length;
    return error_position != nullptr && is_inside ? static_cast<size_t>(error_position - input.data()) : length;
  }
};

}  // namespace

extern "C" void csimdjson_parse(const char *bytes, size_t length, uint32_t depth_maximum, csimdjson_result *result) {
  static thread_local std::unique_ptr<reader> kept;
  *result = csimdjson_result{nullptr, nullptr, 0, CSIMDJSON_TOO_LARGE, 0};
  if (length > input_bytes_maximum) return;
  try {
    if (kept != nullptr && kept->input.capacity() > kept_bytes_maximum) kept.reset();
    if (kept == nullptr) kept = std::make_unique<reader>();
    kept->depth_maximum = depth_maximum;
    kept->parse(bytes, length);
    *result = csimdjson_result{
        kept->input.data(), kept->nodes.data(), kept->nodes.size(), kept->error, kept->error_offset(length)};
  } catch (const std::bad_alloc &) {
    // The result already says so.
  }
}
