/* Outputs as the records of a Kafka record batch, written one behind the other.
 *
 * All have the timestamp of their batch, so that its delta is 0, and are numbered from 0. What surrounds them, the batch's
 * header, its compression and its checksum, is `packed.py`'s.
 */

#define PY_SSIZE_T_CLEAN
#include "record.h"

#define AROUND 64 /* more than all varints of a record take, but for those of its headers */

static PyObject *name_of_key, *name_of_value, *name_of_headers;

/* What is written so far: `bytes`, up to `size` of it. */
typedef struct {
    PyObject *bytes;
    Py_ssize_t size;
} Written;

static int start(Written *to, Py_ssize_t room)
{
    to->size = 0;
    to->bytes = PyBytes_FromStringAndSize(NULL, room);
    return to->bytes != NULL;
}

/* Make room for so many bytes more; return 0 with an exception if there is none. */
static int reserve(Written *to, Py_ssize_t more)
{
    Py_ssize_t room = PyBytes_GET_SIZE(to->bytes);
    if (more <= room - to->size)
        return 1;
    return _PyBytes_Resize(&to->bytes, room + (more > room ? more : room)) == 0;
}

static int finish(Written *to)
{
    return _PyBytes_Resize(&to->bytes, to->size) == 0;
}

static char *put_nullable(char *at, PyObject *bytes)
{
    return bytes == Py_None ? put_nothing(at) : put_sized(at, PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes));
}

/* Return the size of bytes or None, without its varint; -1 with an exception for all else. */
static Py_ssize_t size_of_nullable(PyObject *bytes)
{
    if (bytes == Py_None)
        return 0;
    if (PyBytes_Check(bytes))
        return PyBytes_GET_SIZE(bytes);
    PyErr_Format(PyExc_TypeError, "a key or a value has to be bytes or None, not %s", Py_TYPE(bytes)->tp_name);
    return -1;
}

/* Return the name of a header, which is a tuple of a str and of bytes or None; NULL with an exception if it is none. */
static const char *header_name(PyObject *header, Py_ssize_t *size)
{
    if (PyTuple_Check(header) && PyTuple_GET_SIZE(header) == 2)
        return PyUnicode_AsUTF8AndSize(PyTuple_GET_ITEM(header, 0), size);
    PyErr_SetString(PyExc_TypeError, "a header has to be a tuple of two");
    return NULL;
}

/* Return what headers take, at most, with their count; -1 with an exception if they are none. `headers`: of PySequence_Fast. */
static Py_ssize_t room_for_headers(PyObject *headers)
{
    Py_ssize_t room = LONGEST_VARINT, size;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(headers); i++) {
        PyObject *header = PySequence_Fast_GET_ITEM(headers, i);
        Py_ssize_t value_size = header_name(header, &size) == NULL ? -1 : size_of_nullable(PyTuple_GET_ITEM(header, 1));
        if (value_size < 0)
            return -1;
        room += 2 * LONGEST_VARINT + size + value_size;
    }
    return room;
}

static char *put_headers(char *at, PyObject *headers)
{
    at = put_varint(at, PySequence_Fast_GET_SIZE(headers));
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(headers); i++) {
        Py_ssize_t size;
        PyObject *header = PySequence_Fast_GET_ITEM(headers, i);
        const char *name = header_name(header, &size); /* looked at before: it is one */
        at = put_sized(at, name, size);
        at = put_nullable(at, PyTuple_GET_ITEM(header, 1));
    }
    return at;
}

/* Write a record. Its length stands before it, so its body is put behind the room for that and then moved up to it.
 * Return 0 with an exception if it is none. */
static int put_record(Written *to, Py_ssize_t number, PyObject *key, PyObject *value, PyObject *headers)
{
    Py_ssize_t key_size = size_of_nullable(key), value_size = size_of_nullable(value);
    Py_ssize_t room = room_for_headers(headers);
    if (key_size < 0 || value_size < 0 || room < 0 || !reserve(to, AROUND + key_size + value_size + room))
        return 0;
    char *begin = PyBytes_AS_STRING(to->bytes) + to->size, *body = begin + 2, *at = body;
    *at++ = 0; /* attributes */
    *at++ = 0; /* timestamp delta */
    at = put_varint(at, number);
    at = put_nullable(at, key);
    at = put_nullable(at, value);
    at = put_headers(at, headers);
    Py_ssize_t size = at - body;
    int before = size_of_varint(size);
    if (before != 2)
        memmove(begin + before, body, size);
    put_varint(begin, size);
    to->size += before + size;
    return 1;
}

/* Write an output if its key and value, with what is `taken`, are at most so many bytes, or it is the first. Return 1, 0 if
 * it does not fit, -1 with an exception if it is none. */
static int put_output(Written *to, Py_ssize_t number, PyObject *output, Py_ssize_t *taken, Py_ssize_t most)
{
    int wrote = -1;
    PyObject *key = PyObject_GetAttr(output, name_of_key);
    PyObject *value = key == NULL ? NULL : PyObject_GetAttr(output, name_of_value);
    PyObject *given = value == NULL ? NULL : PyObject_GetAttr(output, name_of_headers);
    PyObject *headers = given == NULL ? NULL : PySequence_Fast(given, "headers have to be a sequence");
    Py_ssize_t key_size = headers == NULL ? -1 : size_of_nullable(key);
    Py_ssize_t value_size = key_size < 0 ? -1 : size_of_nullable(value);
    if (value_size >= 0 && *taken > 0 && *taken + key_size + value_size > most)
        wrote = 0;
    else if (value_size >= 0 && put_record(to, number, key, value, headers)) {
        *taken += key_size + value_size;
        wrote = 1;
    }
    Py_XDECREF(headers);
    Py_XDECREF(given);
    Py_XDECREF(value);
    Py_XDECREF(key);
    return wrote;
}

/* outputs(sequence, begin, most) -> (bytes, end): those from `begin` on, as long as their keys and values take no more than so
 * many bytes, but one at least. */
static PyObject *pack_outputs(PyObject *module, PyObject *args)
{
    Written to;
    PyObject *given, *outputs;
    Py_ssize_t begin, most, taken = 0, end;
    if (!PyArg_ParseTuple(args, "Onn:outputs", &given, &begin, &most))
        return NULL;
    if ((outputs = PySequence_Fast(given, "outputs have to be a sequence")) == NULL)
        return NULL;
    if (!start(&to, 4096)) {
        Py_DECREF(outputs);
        return NULL;
    }
    for (end = begin; end < PySequence_Fast_GET_SIZE(outputs); end++) {
        int wrote = put_output(&to, end - begin, PySequence_Fast_GET_ITEM(outputs, end), &taken, most);
        if (wrote < 0)
            Py_CLEAR(to.bytes);
        if (wrote <= 0)
            break;
    }
    Py_DECREF(outputs);
    return to.bytes != NULL && finish(&to) ? Py_BuildValue("Nn", to.bytes, end) : NULL;
}

static PyMethodDef functions[] = {
    {"outputs", pack_outputs, METH_VARARGS, "Return records of a list of outputs from a place on, and the place after them."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "app.engine.pack", .m_doc = "Records, written fast.", .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit_pack(void)
{
    name_of_key = PyUnicode_InternFromString("key");
    name_of_value = PyUnicode_InternFromString("value");
    name_of_headers = PyUnicode_InternFromString("headers");
    if (name_of_key == NULL || name_of_value == NULL || name_of_headers == NULL)
        return NULL;
    return PyModule_Create(&module);
}
