/* What Kafka's records are made of (message format v2, KIP-98): numbers of as many bytes as they need, and bytes with their
 * size before them. */

#include <Python.h>
#include <stdint.h>
#include <string.h>

#define LONGEST_VARINT 10

static inline uint64_t zigzag(int64_t number)
{
    return ((uint64_t)number << 1) ^ (uint64_t)(number >> 63);
}

static inline int size_of_varint(int64_t number)
{
    int size = 1;
    for (uint64_t left = zigzag(number); left > 0x7F; left >>= 7)
        size++;
    return size;
}

static inline char *put_varint(char *at, int64_t number)
{
    uint64_t left = zigzag(number);
    for (; left > 0x7F; left >>= 7)
        *at++ = (char)(left | 0x80);
    *at++ = (char)left;
    return at;
}

static inline char *put_sized(char *at, const char *from, Py_ssize_t size)
{
    at = put_varint(at, size);
    memcpy(at, from, size);
    return at + size;
}

/* What is not there, which is not the same as empty. */
static inline char *put_nothing(char *at)
{
    return put_varint(at, -1);
}
