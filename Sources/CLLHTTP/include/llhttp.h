/* Forwards to the header that Debian's node-llhttp ships; the parser's source is compiled from /usr/share/llhttp. */
#include "/usr/share/include/llhttp/llhttp.h"
