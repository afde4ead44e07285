/* Changed rows to keys and values as the changelog has them: MessagePack, byte for byte what msgspec makes of the same fields.
 *
 * It writes what rows usually consist of: None, bools, whole numbers of 64 bits, floats, strings, bytes, and lists, tuples and
 * dicts of these. A row with anything else is written by whoever is named for that.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

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

/* Return what is written of a row: its head, and the fields that it is, or that its `pack` gives. */
static PyObject *value_of(Buffer *scratch, PyObject *row, PyObject *head, PyObject *otherwise)
{
    if (row == Py_None)
        return Py_NewRef(row);
    PyObject *fields = PyTuple_CheckExact(row) ? Py_NewRef(row) : PyObject_CallMethodNoArgs(row, name_of_pack);
    if (fields == NULL)
        return NULL;
    scratch->size = 0;
    int done = put_bytes(scratch, PyBytes_AS_STRING(head), PyBytes_GET_SIZE(head));
    if (done == WRITTEN)
        done = put(scratch, fields, 0);
    Py_DECREF(fields);
    if (done == UNUSUAL)
        return PyObject_CallOneArg(otherwise, row);
    return done == FAILED ? NULL : PyBytes_FromStringAndSize(scratch->begin, scratch->size);
}

/* Append an object, which may be NULL with an exception, and give it up. */
static int append(PyObject *list, PyObject *object)
{
    int done = object == NULL ? -1 : PyList_Append(list, object);
    Py_XDECREF(object);
    return done;
}

/* Append the keys and values of a group's rows; `key` begins with what all its keys begin with. */
static int append_rows(Buffer *key, Buffer *scratch, PyObject *rows, PyObject *head, PyObject *otherwise, PyObject *keys,
                       PyObject *values)
{
    Py_ssize_t begin = key->size;
    if (PyList_GET_SIZE(rows) % 2) {
        PyErr_SetString(PyExc_ValueError, "a member among the changed rows has no row");
        return -1;
    }
    for (Py_ssize_t i = 0; i + 1 < PyList_GET_SIZE(rows); i += 2) { /* a `pack` may do anything */
        Py_ssize_t size;
        const char *member = PyUnicode_AsUTF8AndSize(PyList_GET_ITEM(rows, i), &size);
        key->size = begin;
        if (member == NULL || put_bytes(key, member, size) < 0)
            return -1;
        if (append(keys, PyBytes_FromStringAndSize(key->begin, key->size)) < 0)
            return -1;
        PyObject *row = Py_NewRef(PyList_GET_ITEM(rows, i + 1));
        PyObject *value = value_of(scratch, row, head, otherwise);
        Py_DECREF(row);
        if (append(values, value) < 0)
            return -1;
    }
    return 0;
}

/* Put what the keys of a group begin with. */
static int begin_keys(Buffer *key, PyObject *tag, PyObject *group)
{
    Py_ssize_t tag_size, group_size;
    const char *tag_text = PyUnicode_AsUTF8AndSize(tag, &tag_size);
    const char *text = tag_text == NULL ? NULL : PyUnicode_AsUTF8AndSize(group, &group_size);
    key->size = 0;
    if (text == NULL || put_bytes(key, tag_text, tag_size) < 0 || put_bytes(key, text, group_size) < 0)
        return -1;
    return put_bytes(key, " ", 1);
}

/* rows(tag, head, changed, otherwise, keys, values): append the keys and values of all changed rows. */
static PyObject *encode_rows(PyObject *module, PyObject *args)
{
    PyObject *tag, *head, *changed, *otherwise, *keys, *values, *group, *rows;
    if (!PyArg_ParseTuple(args, "O!O!O!OO!O!:rows", &PyUnicode_Type, &tag, &PyBytes_Type, &head, &PyDict_Type, &changed,
                          &otherwise, &PyList_Type, &keys, &PyList_Type, &values))
        return NULL;
    Buffer key = {NULL, 0, 0}, scratch = {NULL, 0, 0};
    Py_ssize_t at = 0;
    int done = 0;
    while (done == 0 && PyDict_Next(changed, &at, &group, &rows)) {
        if (!PyUnicode_Check(group) || !PyList_Check(rows)) {
            PyErr_SetString(PyExc_TypeError, "changed rows have to be lists, by the name of their group");
            done = -1;
        } else if ((done = begin_keys(&key, tag, group)) == 0) {
            Py_INCREF(rows);
            done = append_rows(&key, &scratch, rows, head, otherwise, keys, values);
            Py_DECREF(rows);
        }
    }
    PyMem_Free(key.begin);
    PyMem_Free(scratch.begin);
    return done < 0 ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef functions[] = {
    {"rows", encode_rows, METH_VARARGS, "Append the keys and values of all changed rows to two lists."},
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
