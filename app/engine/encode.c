/* Changed rows to records of the changelog, one behind the other as a Kafka record batch keeps them. A value is MessagePack,
 * byte for byte what msgspec makes of the same fields.
 *
 * It writes what rows usually consist of: None, bools, whole numbers of 64 bits, floats, strings, bytes, and lists, tuples and
 * dicts of these. A row with anything else is written by whoever is named for that.
 */

#define PY_SSIZE_T_CLEAN
#include "record.h"

#define DEEPEST 16

enum { FAILED = -1, WRITTEN = 0, UNUSUAL = 1 };

static PyObject *name_of_pack;

typedef struct {
    char *begin;
    Py_ssize_t size, room;
} Buffer;

/* Return where so many bytes more go, NULL with an exception if there is no room for them. */
static char *more(Buffer *to, Py_ssize_t size)
{
    if (to->size + size >= to->room) { /* also when nothing goes into an empty one: it is somewhere then */
        Py_ssize_t room = 2 * (to->size + size) + 64;
        char *begin = PyMem_Realloc(to->begin, room);
        if (begin == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        to->begin = begin;
        to->room = room;
    }
    char *at = to->begin + to->size;
    to->size += size;
    return at;
}

/* A type, and behind it a number of 0, 1, 2, 4 or 8 bytes. */
static int put_head(Buffer *to, unsigned char type, uint64_t number, int bytes)
{
    char *at = more(to, 1 + bytes);
    if (at == NULL)
        return FAILED;
    *at++ = (char)type;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        *at++ = (char)(number >> shift);
    return WRITTEN;
}

/* The type of something that has a size: a short one is part of the type, where there is a type for short ones. */
static int put_size(Buffer *to, Py_ssize_t size, int brief, Py_ssize_t briefest, int of_8, int of_16)
{
    if (size <= briefest)
        return put_head(to, (unsigned char)(brief | size), 0, 0);
    if (of_8 && size <= UINT8_MAX)
        return put_head(to, (unsigned char)of_8, size, 1);
    if (size <= UINT16_MAX)
        return put_head(to, (unsigned char)of_16, size, 2);
    return size <= UINT32_MAX ? put_head(to, (unsigned char)(of_16 + 1), size, 4) : UNUSUAL;
}

static int put_bytes(Buffer *to, const char *from, Py_ssize_t size)
{
    char *at = more(to, size);
    if (at == NULL)
        return FAILED;
    memcpy(at, from, size);
    return WRITTEN;
}

static int put_natural(Buffer *to, uint64_t number)
{
    if (number <= 0x7F)
        return put_head(to, (unsigned char)number, 0, 0);
    if (number <= UINT8_MAX)
        return put_head(to, 0xCC, number, 1);
    if (number <= UINT16_MAX)
        return put_head(to, 0xCD, number, 2);
    return number <= UINT32_MAX ? put_head(to, 0xCE, number, 4) : put_head(to, 0xCF, number, 8);
}

static int put_negative(Buffer *to, int64_t number)
{
    if (number >= -32)
        return put_head(to, (unsigned char)number, 0, 0);
    if (number >= INT8_MIN)
        return put_head(to, 0xD0, (uint64_t)number, 1);
    if (number >= INT16_MIN)
        return put_head(to, 0xD1, (uint64_t)number, 2);
    return number >= INT32_MIN ? put_head(to, 0xD2, (uint64_t)number, 4) : put_head(to, 0xD3, (uint64_t)number, 8);
}

static int put_int(Buffer *to, PyObject *value)
{
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow)
        return UNUSUAL;
    return number < 0 ? put_negative(to, number) : put_natural(to, (uint64_t)number);
}

static int put_float(Buffer *to, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return put_head(to, 0xCB, bits, 8);
}

static int put_text(Buffer *to, PyObject *text)
{
    Py_ssize_t size;
    const char *from = PyUnicode_AsUTF8AndSize(text, &size);
    int done = from == NULL ? FAILED : put_size(to, size, 0xA0, 31, 0xD9, 0xDA);
    return done == WRITTEN ? put_bytes(to, from, size) : done;
}

static int put(Buffer *to, PyObject *value, int depth);

static int put_items(Buffer *to, PyObject **items, Py_ssize_t count, int depth)
{
    int done = put_size(to, count, 0x90, 15, 0, 0xDC);
    for (Py_ssize_t i = 0; i < count && done == WRITTEN; i++)
        done = put(to, items[i], depth);
    return done;
}

static int put_dict(Buffer *to, PyObject *dict, int depth)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    int done = put_size(to, PyDict_GET_SIZE(dict), 0x80, 15, 0, 0xDE);
    while (done == WRITTEN && PyDict_Next(dict, &at, &key, &value)) {
        done = put(to, key, depth);
        if (done == WRITTEN)
            done = put(to, value, depth);
    }
    return done;
}

static int put(Buffer *to, PyObject *value, int depth)
{
    if (PyLong_CheckExact(value))
        return put_int(to, value);
    if (PyUnicode_CheckExact(value))
        return put_text(to, value);
    if (value == Py_None)
        return put_head(to, 0xC0, 0, 0);
    if (PyBool_Check(value))
        return put_head(to, value == Py_True ? 0xC3 : 0xC2, 0, 0);
    if (PyFloat_CheckExact(value))
        return put_float(to, PyFloat_AS_DOUBLE(value));
    if (PyBytes_CheckExact(value)) {
        int done = put_size(to, PyBytes_GET_SIZE(value), 0, -1, 0xC4, 0xC5);
        return done == WRITTEN ? put_bytes(to, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value)) : done;
    }
    if (depth == DEEPEST)
        return UNUSUAL;
    if (PyTuple_CheckExact(value) || PyList_CheckExact(value))
        return put_items(to, PySequence_Fast_ITEMS(value), PySequence_Fast_GET_SIZE(value), depth + 1);
    return PyDict_CheckExact(value) ? put_dict(to, value, depth + 1) : UNUSUAL;
}

/* What rows are written with, and to: `records`, of which the next one has that number in its batch. */
typedef struct {
    const char *head; /* NULL if `otherwise` writes all rows */
    Py_ssize_t head_size, number;
    PyObject *otherwise, *records;
    Buffer key, value;
} Run;

/* Put what `otherwise` writes of a row. */
static int put_otherwise(Run *run, PyObject *row)
{
    PyObject *written = PyObject_CallOneArg(run->otherwise, row);
    int done = FAILED;
    run->value.size = 0;
    if (written != NULL && !PyBytes_Check(written))
        PyErr_Format(PyExc_TypeError, "a row has to be written as bytes, not as %s", Py_TYPE(written)->tp_name);
    else if (written != NULL)
        done = put_bytes(&run->value, PyBytes_AS_STRING(written), PyBytes_GET_SIZE(written));
    Py_XDECREF(written);
    return done;
}

/* Put the value of a row: its head, and the fields that it consists of, or that its `pack` gives. */
static int put_value(Run *run, PyObject *row)
{
    if (run->head == NULL)
        return put_otherwise(run, row);
    PyObject *fields = PyTuple_CheckExact(row) ? Py_NewRef(row) : PyObject_CallMethodNoArgs(row, name_of_pack);
    if (fields == NULL)
        return FAILED;
    run->value.size = 0;
    int done = put_bytes(&run->value, run->head, run->head_size);
    if (done == WRITTEN)
        done = put(&run->value, fields, 0);
    Py_DECREF(fields);
    return done == UNUSUAL ? put_otherwise(run, row) : done;
}

/* Return where so many bytes more of records go, NULL with an exception if there is no room for them. */
static char *more_records(Run *run, Py_ssize_t size)
{
    Py_ssize_t begin = PyByteArray_GET_SIZE(run->records); /* asked each time: a `pack` may do anything */
    return PyByteArray_Resize(run->records, begin + size) < 0 ? NULL : PyByteArray_AS_STRING(run->records) + begin;
}

/* Append a record of the key; `value` is NULL for a tombstone. */
static int append_record(Run *run, const Buffer *value)
{
    const Buffer *key = &run->key;
    Py_ssize_t around = 3; /* attributes, timestamp delta, headers */
    Py_ssize_t size = around + size_of_varint(run->number) + size_of_varint(key->size) + key->size;
    size += value == NULL ? 1 : size_of_varint(value->size) + value->size;
    char *at = more_records(run, size_of_varint(size) + size);
    if (at == NULL)
        return FAILED;
    at = put_varint(at, size);
    *at++ = 0;
    *at++ = 0;
    at = put_varint(at, run->number++);
    at = put_sized(at, key->begin, key->size);
    at = value == NULL ? put_nothing(at) : put_sized(at, value->begin, value->size);
    *at = 0;
    return WRITTEN;
}

static int append_row(Run *run, PyObject *row)
{
    if (row == Py_None)
        return append_record(run, NULL);
    return put_value(run, row) == WRITTEN ? append_record(run, &run->value) : FAILED;
}

/* Append a group's rows; the key begins with what all its keys begin with. */
static int append_rows(Run *run, PyObject *rows)
{
    Py_ssize_t begin = run->key.size;
    int done = WRITTEN;
    if (PyList_GET_SIZE(rows) % 2) {
        PyErr_SetString(PyExc_ValueError, "a member among the changed rows has no row");
        return FAILED;
    }
    for (Py_ssize_t i = 0; done == WRITTEN && i + 1 < PyList_GET_SIZE(rows); i += 2) { /* a `pack` may do anything */
        Py_ssize_t size;
        const char *member = PyUnicode_AsUTF8AndSize(PyList_GET_ITEM(rows, i), &size);
        run->key.size = begin;
        if (member == NULL || put_bytes(&run->key, member, size) == FAILED)
            return FAILED;
        PyObject *row = Py_NewRef(PyList_GET_ITEM(rows, i + 1));
        done = append_row(run, row);
        Py_DECREF(row);
    }
    return done;
}

/* Put what the keys of a group begin with. */
static int begin_keys(Buffer *key, PyObject *tag, PyObject *group)
{
    Py_ssize_t tag_size, group_size;
    const char *tag_text = PyUnicode_AsUTF8AndSize(tag, &tag_size);
    const char *text = tag_text == NULL ? NULL : PyUnicode_AsUTF8AndSize(group, &group_size);
    key->size = 0;
    if (text == NULL || put_bytes(key, tag_text, tag_size) < 0 || put_bytes(key, text, group_size) < 0)
        return FAILED;
    return put_bytes(key, " ", 1);
}

static int append_group(Run *run, PyObject *tag, PyObject *group, PyObject *rows)
{
    if (!PyUnicode_Check(group) || !PyList_Check(rows)) {
        PyErr_SetString(PyExc_TypeError, "changed rows have to be lists, by the name of their group");
        return FAILED;
    }
    if (begin_keys(&run->key, tag, group) == FAILED)
        return FAILED;
    Py_INCREF(rows);
    int done = append_rows(run, rows);
    Py_DECREF(rows);
    return done;
}

/* rows(tag, head, changed, otherwise, records, number) -> number: append a record of each changed row to a bytearray, numbered
 * from that on; return the number of the next one. */
static PyObject *encode_rows(PyObject *module, PyObject *args)
{
    PyObject *tag, *changed, *group, *rows;
    Run run = {0};
    if (!PyArg_ParseTuple(args, "O!z#O!OO!n:rows", &PyUnicode_Type, &tag, &run.head, &run.head_size, &PyDict_Type, &changed,
                          &run.otherwise, &PyByteArray_Type, &run.records, &run.number))
        return NULL;
    Py_ssize_t at = 0;
    int done = WRITTEN;
    while (done == WRITTEN && PyDict_Next(changed, &at, &group, &rows))
        done = append_group(&run, tag, group, rows);
    PyMem_Free(run.key.begin);
    PyMem_Free(run.value.begin);
    return done == FAILED ? NULL : PyLong_FromSsize_t(run.number);
}

static PyMethodDef functions[] = {
    {"rows", encode_rows, METH_VARARGS, "Append a record of each changed row to a bytearray."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "app.engine.encode", .m_doc = "Changed rows, written fast.", .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit_encode(void)
{
    name_of_pack = PyUnicode_InternFromString("pack");
    return name_of_pack == NULL ? NULL : PyModule_Create(&module);
}
