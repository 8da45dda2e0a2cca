#include "csimdjson.h"

#include <simdjson.h>

#include <memory>
#include <new>
#include <string_view>
#include <vector>

using namespace simdjson;

struct csimdjson_document {
    padded_string text;
    ondemand::parser parser;
    std::vector<csimdjson_node> nodes;
};

namespace {

struct refusal {
    const char *reason;
};

void check(error_code error) {
    if (error != SUCCESS) throw refusal{error_message(error)};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* RFC 8259: -? int frac? exp? and nothing else. simdjson would make a double of it; here it stays text. */
bool is_number(std::string_view text) {
    size_t at = 0;
    auto more = [&] { return at < text.size(); };
    auto digits = [&] {
        size_t from = at;
        while (more() && is_digit(text[at])) at++;
        return at > from;
    };
    if (more() && text[at] == '-') at++;
    if (more() && text[at] == '0') at++;
    else if (!digits()) return false;
    if (more() && text[at] == '.') {
        at++;
        if (!digits()) return false;
    }
    if (more() && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (more() && (text[at] == '+' || text[at] == '-')) at++;
        if (!digits()) return false;
    }
    return at == text.size();
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

void add(csimdjson_document &document, csimdjson_kind kind, std::string_view text = {}) {
    document.nodes.push_back({text.data(), static_cast<uint32_t>(text.size()), 0, static_cast<uint8_t>(kind)});
}

template <typename Value>
void scalar(csimdjson_document &document, Value &&value, ondemand::json_type type, std::string_view token) {
    switch (type) {
    case ondemand::json_type::string: {
        std::string_view text;
        check(value.get_string().get(text));
        add(document, csimdjson_string, text);
        break;
    }
    case ondemand::json_type::number:
        if (!is_number(token)) throw refusal{"a number is malformed"};
        add(document, csimdjson_number, token);
        break;
    case ondemand::json_type::boolean: {
        bool flag;
        check(value.get_bool().get(flag));
        add(document, flag ? csimdjson_true : csimdjson_false);
        break;
    }
    default:
        if (token != "null") throw refusal{"a literal is malformed"};
        add(document, csimdjson_null);
    }
}

void walk(csimdjson_document &document, ondemand::value value, uint32_t depth);

void walk_array(csimdjson_document &document, ondemand::array array, uint32_t depth) {
    if (depth == 0) throw refusal{"nested too deeply"};
    const size_t self = document.nodes.size();
    add(document, csimdjson_array);
    uint32_t count = 0;
    for (auto element : array) {
        ondemand::value item;
        check(element.get(item));
        walk(document, item, depth - 1);
        count++;
    }
    document.nodes[self].count = count;
}

void walk_object(csimdjson_document &document, ondemand::object object, uint32_t depth) {
    if (depth == 0) throw refusal{"nested too deeply"};
    const size_t self = document.nodes.size();
    add(document, csimdjson_object);
    uint32_t count = 0;
    for (auto member : object) {
        ondemand::field field;
        check(std::move(member).get(field));
        std::string_view name;
        check(field.unescaped_key().get(name));
        add(document, csimdjson_key, name);
        walk(document, field.value(), depth - 1);
        count++;
    }
    document.nodes[self].count = count;
}

void walk(csimdjson_document &document, ondemand::value value, uint32_t depth) {
    ondemand::json_type type;
    check(value.type().get(type));
    if (type == ondemand::json_type::array) {
        ondemand::array array;
        check(value.get_array().get(array));
        walk_array(document, array, depth);
    } else if (type == ondemand::json_type::object) {
        ondemand::object object;
        check(value.get_object().get(object));
        walk_object(document, object, depth);
    } else {
        scalar(document, value, type, trimmed(value.raw_json_token()));
    }
}

void walk_root(csimdjson_document &document, ondemand::document &root, uint32_t depth) {
    ondemand::json_type type;
    check(root.type().get(type));
    if (type == ondemand::json_type::array) {
        ondemand::array array;
        check(root.get_array().get(array));
        walk_array(document, array, depth);
    } else if (type == ondemand::json_type::object) {
        ondemand::object object;
        check(root.get_object().get(object));
        walk_object(document, object, depth);
    } else {
        std::string_view token;
        check(root.raw_json_token().get(token));
        token = trimmed(token);
        scalar(document, root, type, token);
        if (type == ondemand::json_type::number || type == ondemand::json_type::null) {
            /* These are read from their token alone, so nothing has moved past them. */
            std::string_view rest = trimmed({document.text.data(), document.text.size()});
            if (token.data() + token.size() != rest.data() + rest.size()) throw refusal{"something follows the value"};
            return;
        }
    }
    /* Past the last token there is no location. */
    const char *location = nullptr;
    if (root.current_location().get(location) == SUCCESS) throw refusal{"something follows the value"};
}

}  // namespace

csimdjson_document *csimdjson_parse(const char *bytes, size_t length, uint32_t depth_maximum, size_t *offset, const char **reason) {
    *offset = 0;
    *reason = "out of memory";
    std::unique_ptr<csimdjson_document> document(new (std::nothrow) csimdjson_document);
    if (!document) return nullptr;
    ondemand::document root;
    bool has_begun = false;
    try {
        document->text = padded_string(bytes, length);
        check(document->parser.iterate(document->text).get(root));
        has_begun = true;
        document->nodes.reserve(length / 8 + 4);
        walk_root(*document, root, depth_maximum);
        return document.release();
    } catch (const refusal &refused) {
        *reason = refused.reason;
    } catch (const simdjson_error &error) {
        *reason = error.what();
    } catch (const std::exception &) {
    }
    const char *location = nullptr;
    if (has_begun && root.current_location().get(location) == SUCCESS && location >= document->text.data()) {
        *offset = static_cast<size_t>(location - document->text.data());
        if (*offset > length) *offset = length;
    }
    return nullptr;
}

const csimdjson_node *csimdjson_nodes(const csimdjson_document *document, size_t *count) {
    *count = document->nodes.size();
    return document->nodes.data();
}

void csimdjson_free(csimdjson_document *document) { delete document; }
