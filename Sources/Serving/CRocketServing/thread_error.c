#include "thread_error.h"
#include "rocket_serving.h"

#include <string.h>

static _Thread_local char newest[4096];

void rocket_thread_error_set(const char *text) {
    size_t bytes = strlen(text);
    if (bytes >= sizeof newest) {
        bytes = sizeof newest - 1;
        // Not within a character: bytes of UTF-8 that continue one begin with the bits 10.
        while (bytes > 0 && ((unsigned char)text[bytes] & 0xC0) == 0x80) bytes--;
    }
    memcpy(newest, text, bytes);
    newest[bytes] = 0;
}

const char *rocket_serving_last_error(void) { return newest; }

uint32_t rocket_serving_interface(void) { return ROCKET_SERVING_INTERFACE; }
