/* libcurl sets its options by variadic calls, which Swift cannot make: one plain function for each kind of value. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

static inline CURLcode bursar_curl_number(CURL *curl, CURLoption option, long value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode bursar_curl_text(CURL *curl, CURLoption option, const char *value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode bursar_curl_list(CURL *curl, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode bursar_curl_reader(CURL *curl, curl_read_callback read, void *context) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_READFUNCTION, read);
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_READDATA, context) : code;
}
static inline CURLcode bursar_curl_listener(CURL *curl, curl_debug_callback hear, void *context) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, hear);
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_DEBUGDATA, context) : code;
}
static inline CURLcode bursar_curl_body(CURL *curl, const void *bytes, long count) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, count);
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes) : code;
}
static inline CURLcode bursar_curl_writer(CURL *curl, curl_write_callback write, void *context) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write);
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_WRITEDATA, context) : code;
}
static inline CURLcode bursar_curl_headers(CURL *curl, curl_write_callback hear, void *context) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, hear);
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_HEADERDATA, context) : code;
}
static inline CURLcode bursar_curl_copied_body(CURL *curl, const char *bytes, long length) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, length);
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, bytes) : code;
}
static inline CURLcode bursar_curl_opener(CURL *curl, curl_opensocket_callback open, void *context) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open);
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, context) : code;
}
static inline CURLcode bursar_curl_status(CURL *curl, long *status) {
    return curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
}
static inline CURLcode bursar_curl_microseconds(CURL *curl, curl_off_t *elapsed) {
    return curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, elapsed);
}
