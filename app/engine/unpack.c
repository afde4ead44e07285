/* Records read out of a Kafka record batch (message format v2, KIP-98), all of them at once.
 *
 * They are what a reader of this engine looks at, and no business of the garbage collector: aiokafka's own, and the list of
 * headers that each of them has, are. The batch's header, its checksum and its compression are `batches.py`'s.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <structmember.h>

typedef struct {
    PyObject_HEAD
    long long offset, timestamp;
    PyObject *key, *value, *headers;
} Record;

static void Record_dealloc(Record *self)
{
    Py_XDECREF(self->key);
    Py_XDECREF(self->value);
    Py_XDECREF(self->headers);
    Py_TYPE(self)->tp_free(self);
}

static PyMemberDef Record_members[] = {
    {"offset", T_LONGLONG, offsetof(Record, offset), READONLY, "Its offset."},
    {"timestamp", T_LONGLONG, offsetof(Record, timestamp), READONLY, "Its time, in ms."},
    {"key", T_OBJECT_EX, offsetof(Record, key), READONLY, "Its key, or None."},
    {"value", T_OBJECT_EX, offsetof(Record, value), READONLY, "Its value, or None."},
    {"headers", T_OBJECT_EX, offsetof(Record, headers), READONLY, "Its headers: tuples of a name and bytes or None."},
    {NULL},
};

static PyTypeObject RecordType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "app.engine.unpack.Record",
    .tp_doc = "A record.",
    .tp_basicsize = sizeof(Record),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_dealloc = (destructor)Record_dealloc,
    .tp_members = Record_members,
};

/* What is left to read. */
typedef struct {
    const unsigned char *at, *end;
} Left;

static int corrupt(const char *why)
{
    PyErr_SetString(PyExc_ValueError, why);
    return 0;
}

/* The readers return 0 with an exception if what they look for is not there. */

static int read_varint(Left *left, int64_t *number)
{
    uint64_t zigzag = 0;
    for (int shift = 0; left->at < left->end && shift < 64; shift += 7) {
        unsigned char byte = *left->at++;
        zigzag |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *number = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
            return 1;
        }
    }
    return corrupt("a number has no end");
}

/* Read a size and let `begin` point to as many bytes, behind which it goes on. A size below 0 stands for none. */
static int read_sized(Left *left, const char **begin, int64_t *size)
{
    if (!read_varint(left, size))
        return 0;
    if (*size > left->end - left->at)
        return corrupt("bytes reach over the end");
    *begin = (const char *)left->at;
    left->at += *size > 0 ? *size : 0;
    return 1;
}

/* Return bytes, or None; NULL with an exception. */
static PyObject *read_nullable(Left *left)
{
    const char *begin;
    int64_t size;
    if (!read_sized(left, &begin, &size))
        return NULL;
    return size < 0 ? Py_NewRef(Py_None) : PyBytes_FromStringAndSize(begin, (Py_ssize_t)size);
}

static PyObject *read_header(Left *left)
{
    const char *begin;
    int64_t size;
    if (!read_sized(left, &begin, &size))
        return NULL;
    if (size < 0) {
        corrupt("a header has no name");
        return NULL;
    }
    PyObject *name = PyUnicode_DecodeUTF8(begin, (Py_ssize_t)size, "strict");
    PyObject *value = name == NULL ? NULL : read_nullable(left);
    PyObject *header = value == NULL ? NULL : PyTuple_Pack(2, name, value);
    Py_XDECREF(name);
    Py_XDECREF(value);
    return header;
}

static PyObject *read_headers(Left *left)
{
    int64_t count;
    if (!read_varint(left, &count))
        return NULL;
    if (count < 0 || count > left->end - left->at) {
        corrupt("there cannot be so many headers");
        return NULL;
    }
    PyObject *headers = PyTuple_New((Py_ssize_t)count);
    for (Py_ssize_t i = 0; headers != NULL && i < (Py_ssize_t)count; i++) {
        PyObject *header = read_header(left);
        if (header == NULL)
            Py_CLEAR(headers);
        else
            PyTuple_SET_ITEM(headers, i, header);
    }
    return headers;
}

/* Return the record that begins here; its time is `base_ms` and its own delta, or `append_ms` if that is not negative. */
static Record *read_record(Left *left, int64_t base_offset, int64_t base_ms, int64_t append_ms)
{
    int64_t size, attributes, delta_ms, delta;
    if (!read_varint(left, &size))
        return NULL;
    const unsigned char *end = left->at + (size < 0 || size > left->end - left->at ? 0 : size);
    if (!read_varint(left, &attributes) || !read_varint(left, &delta_ms) || !read_varint(left, &delta))
        return NULL;
    Record *record = PyObject_New(Record, &RecordType);
    if (record == NULL)
        return NULL;
    record->offset = base_offset + delta;
    record->timestamp = append_ms < 0 ? base_ms + delta_ms : append_ms;
    record->value = record->headers = NULL;
    if ((record->key = read_nullable(left)) != NULL && (record->value = read_nullable(left)) != NULL)
        record->headers = read_headers(left);
    if (record->headers != NULL && left->at != end) {
        corrupt("a record is not as long as it says");
        Py_CLEAR(record->headers);
    }
    if (record->headers == NULL)
        Py_CLEAR(record);
    return record;
}

/* records(data, count, base_offset, base_ms, append_ms, begin) -> list of those from offset `begin` on */
static PyObject *unpack_records(PyObject *module, PyObject *args)
{
    Py_buffer data;
    int count;
    long long base_offset, base_ms, append_ms, begin;
    if (!PyArg_ParseTuple(args, "y*iLLLL:records", &data, &count, &base_offset, &base_ms, &append_ms, &begin))
        return NULL;
    Left left = {data.buf, (const unsigned char *)data.buf + data.len};
    PyObject *records = PyList_New(0);
    for (int i = 0; records != NULL && i < count; i++) {
        Record *record = read_record(&left, base_offset, base_ms, append_ms);
        int is_before = record != NULL && PyList_GET_SIZE(records) == 0 && record->offset < begin;
        if (record == NULL || (!is_before && PyList_Append(records, (PyObject *)record) < 0))
            Py_CLEAR(records);
        Py_XDECREF(record);
    }
    if (records != NULL && left.at != left.end) {
        corrupt("more is there than its records");
        Py_CLEAR(records);
    }
    PyBuffer_Release(&data);
    return records;
}

static PyMethodDef functions[] = {
    {"records", unpack_records, METH_VARARGS, "Return the records of a batch from an offset on."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "app.engine.unpack", .m_doc = "Records, read fast.", .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit_unpack(void)
{
    PyObject *made = PyModule_Create(&module);
    if (made != NULL && PyModule_AddType(made, &RecordType) < 0)
        Py_CLEAR(made);
    return made;
}
