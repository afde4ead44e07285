/* Flat JSON objects to tuples, for the members that are usual: a `Scanner` reads them, or says that it is not sure.
 *
 * It is sure of an object of known members, each once, in any order: strings without escapes, whole numbers without sign
 * or exponent, true, false and null. Of all else, right or wrong, it is not, and whoever asks reads it in another way.
 * So all that it has to know of JSON is what surely is some. It knows nothing of gifts: `flat.py` says what the members are.
 *
 * All reading stops at a NUL: one lies behind the bytes of every Python bytes, and JSON has none within.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#define MOST_FIELDS 64
#define KEPT 4096 /* strings, a power of two */
#define LONGEST_KEPT 128
#define MOST_DIGITS 18
#define MOST_LUCK 64
#define TRIED 32

typedef const unsigned char *Text;

enum Kind { STRING, NUMBER, FLAG, CHOICE };
enum Class { NO, ASCII, OF_A_LONGER_CHARACTER };

typedef struct {
    PyObject *held; /* the tuple that all this was taken from, and that holds it */
    const char *name;
    Py_ssize_t name_size;
    enum Kind kind;
    int nullable;
    PyObject *missing;      /* the value where there is no member; NULL if there has to be one */
    const uint8_t *classes; /* of a string: what each byte is */
    long long least, most;  /* of a string: characters; of a number: itself */
    PyObject *choices;
    unsigned luck, unlooked; /* of a string: whether its field's come again, and how many were not looked for since */
} Field;

typedef struct {
    PyObject_HEAD
    Py_ssize_t count;
    Field fields[MOST_FIELDS];
    int next[MOST_FIELDS + 1]; /* which field came after this one, or first, the last time */
    PyObject *kept[KEPT];      /* strings that came lately, each where its bytes say */
} Scanner;

static Text blank(Text at)
{
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
        at++;
    return at;
}

/* Return whether a quoted text goes on with these bytes and ends there. */
static int is_quoted(Text at, const char *text, Py_ssize_t size)
{
    return strncmp((const char *)at, text, size) == 0 && at[size] == '"';
}

static uint32_t place_of(Text at, Py_ssize_t size)
{
    uint64_t first = 0, last = 0;
    Py_ssize_t part = size < 8 ? size : 8;
    memcpy(&first, at, part);
    memcpy(&last, at + size - part, part);
    uint64_t mixed = (first * 0x9E3779B97F4A7C15u) ^ (last + (uint64_t)size) * 0xC2B2AE3D27D4EB4Fu;
    return (uint32_t)(mixed >> 32) & (KEPT - 1);
}

/* To look for a kept string takes longer than to make one, as it lies anywhere in memory. So it is not worth it for a field
 * of which less than a third come again, as of ids that are new each time: one in so many of these is looked for. */
static int is_worth_it(Field *field, Py_ssize_t size)
{
    return size > 0 && size <= LONGEST_KEPT && (field->luck > 0 || ++field->unlooked % TRIED == 0);
}

/* Return the string of these ASCII bytes: the one that came lately, so that it is hashed once, or a new one. */
static PyObject *ascii(Scanner *self, Field *field, Text at, Py_ssize_t size)
{
    PyObject **place = is_worth_it(field, size) ? &self->kept[place_of(at, size)] : NULL, *known = place ? *place : NULL;
    if (known != NULL && PyUnicode_GET_LENGTH(known) == size && memcmp(PyUnicode_1BYTE_DATA(known), at, size) == 0) {
        field->luck = field->luck + 2 < MOST_LUCK ? field->luck + 2 : MOST_LUCK;
        return Py_NewRef(known);
    }
    PyObject *text = PyUnicode_New(size, 127);
    if (text == NULL)
        return NULL;
    memcpy(PyUnicode_1BYTE_DATA(text), at, size);
    if (place != NULL) {
        Py_XSETREF(*place, Py_NewRef(text));
        field->luck -= field->luck > 0;
    }
    return text;
}

/* The readers take a member's value at `*at` and move behind it. NULL without an exception: not sure. */

static PyObject *read_string(Scanner *self, Field *field, Text *at)
{
    if (**at != '"')
        return NULL;
    Text begin = *at + 1, end = begin;
    uint8_t class, all = 0;
    while ((class = field->classes[*end]) != NO) {
        all |= class;
        end++;
    }
    if (*end != '"')
        return NULL;
    *at = end + 1;
    PyObject *text = all & OF_A_LONGER_CHARACTER ? PyUnicode_DecodeUTF8((const char *)begin, end - begin, "strict")
                                                 : ascii(self, field, begin, end - begin);
    if (text == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError))
        PyErr_Clear();
    if (text == NULL || (PyUnicode_GET_LENGTH(text) >= field->least && PyUnicode_GET_LENGTH(text) <= field->most))
        return text;
    Py_DECREF(text);
    return NULL;
}

static PyObject *read_number(const Field *field, Text *at)
{
    long long number = 0;
    Text begin = *at, end = begin;
    for (; *end >= '0' && *end <= '9' && end - begin < MOST_DIGITS; end++)
        number = number * 10 + (*end - '0');
    if (end == begin || (*begin == '0' && end - begin > 1) || number < field->least || number > field->most)
        return NULL;
    *at = end;
    return PyLong_FromLongLong(number);
}

static PyObject *read_word(Text *at, const char *word, PyObject *value)
{
    size_t size = strlen(word);
    if (strncmp((const char *)*at, word, size) != 0)
        return NULL;
    *at += size;
    return Py_NewRef(value);
}

static PyObject *read_choice(const Field *field, Text *at)
{
    if (**at != '"')
        return NULL;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(field->choices); i++) {
        Py_ssize_t size;
        PyObject *choice = PyTuple_GET_ITEM(field->choices, i);
        const char *text = PyUnicode_AsUTF8AndSize(choice, &size);
        if (text == NULL)
            return NULL;
        if (is_quoted(*at + 1, text, size)) {
            *at += size + 2;
            return Py_NewRef(choice);
        }
    }
    return NULL;
}

static PyObject *read_value(Scanner *self, Field *field, Text *at)
{
    if (**at == 'n')
        return field->nullable ? read_word(at, "null", Py_None) : NULL;
    switch (field->kind) {
    case STRING:
        return read_string(self, field, at);
    case NUMBER:
        return read_number(field, at);
    case FLAG:
        return **at == 't' ? read_word(at, "true", Py_True) : read_word(at, "false", Py_False);
    case CHOICE:
        return read_choice(field, at);
    }
    return NULL;
}

/* Return the number of the field whose quoted name is at `*at`, and move behind it; -1 if there is none. Whoever makes
 * the objects has a fixed order of members, mostly: so the one that came next the last time is looked at first. */
static int read_name(Scanner *self, int before, Text *at)
{
    int likely = self->next[before];
    for (int i = -1; i < (int)self->count; i++) {
        int number = i < 0 ? likely : i;
        const Field *field = &self->fields[number];
        if (is_quoted(*at, field->name, field->name_size)) {
            *at += field->name_size + 1;
            self->next[before] = number;
            return number;
        }
    }
    return -1;
}

/* Take all members into the row; return 1, or 0 if not sure. */
static int read_members(Scanner *self, Text at, Text end, PyObject *row)
{
    int number = (int)self->count;
    at = blank(at);
    if (*at != '{')
        return 0;
    do {
        at = blank(at + 1);
        if (*at++ != '"' || (number = read_name(self, number, &at)) < 0 || PyTuple_GET_ITEM(row, number) != NULL)
            return 0;
        at = blank(at);
        if (*at++ != ':')
            return 0;
        at = blank(at);
        PyObject *value = read_value(self, &self->fields[number], &at);
        if (value == NULL)
            return 0;
        PyTuple_SET_ITEM(row, number, value);
        at = blank(at);
    } while (*at == ',');
    return *at == '}' && blank(at + 1) == end;
}

static int fill_in(const Scanner *self, PyObject *row)
{
    for (Py_ssize_t i = 0; i < self->count; i++) {
        if (PyTuple_GET_ITEM(row, i) != NULL)
            continue;
        if (self->fields[i].missing == NULL)
            return 0;
        PyTuple_SET_ITEM(row, i, Py_NewRef(self->fields[i].missing));
    }
    return 1;
}

static PyObject *Scanner_scan(Scanner *self, PyObject *value)
{
    if (!PyBytes_CheckExact(value))
        Py_RETURN_NONE;
    PyObject *row = PyTuple_New(self->count);
    if (row == NULL)
        return NULL;
    Text at = (Text)PyBytes_AS_STRING(value);
    if (read_members(self, at, at + PyBytes_GET_SIZE(value), row) && fill_in(self, row))
        return row;
    Py_DECREF(row);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

/* Take a field from (name, kind, nullable, missing, classes, least, most, choices), of which `missing` is the value in a
 * tuple, empty if there is none. Return 0 with an exception if it is none. */
static int take_field(Field *field, PyObject *given)
{
    int kind;
    PyObject *missing;
    Py_ssize_t classes_size;
    if (!PyTuple_Check(given)) {
        PyErr_SetString(PyExc_TypeError, "a field has to be a tuple");
        return 0;
    }
    if (!PyArg_ParseTuple(given, "s#ipO!y#LLO!", &field->name, &field->name_size, &kind, &field->nullable, &PyTuple_Type,
                          &missing, &field->classes, &classes_size, &field->least, &field->most, &PyTuple_Type,
                          &field->choices))
        return 0;
    if (kind < STRING || kind > CHOICE || classes_size != 256 || field->classes[0] != NO || field->classes['"'] != NO) {
        PyErr_SetString(PyExc_ValueError, "a field has a known kind, and 256 classes, NO for NUL and the quote");
        return 0;
    }
    field->kind = (enum Kind)kind;
    field->luck = MOST_LUCK;
    field->missing = PyTuple_GET_SIZE(missing) ? PyTuple_GET_ITEM(missing, 0) : NULL;
    field->held = Py_NewRef(given);
    return 1;
}

static PyObject *Scanner_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *fields;
    if (!PyArg_ParseTuple(args, "O!:Scanner", &PyTuple_Type, &fields))
        return NULL;
    Py_ssize_t count = PyTuple_GET_SIZE(fields);
    if (count < 1 || count > MOST_FIELDS)
        return PyErr_Format(PyExc_ValueError, "a scanner has 1 to %d fields, not %zd", MOST_FIELDS, count);
    Scanner *self = (Scanner *)type->tp_alloc(type, 0);
    for (Py_ssize_t i = 0; self != NULL && i < count; i++) {
        if (take_field(&self->fields[i], PyTuple_GET_ITEM(fields, i)))
            self->count++;
        else
            Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static void Scanner_dealloc(Scanner *self)
{
    for (Py_ssize_t i = 0; i < MOST_FIELDS; i++)
        Py_XDECREF(self->fields[i].held);
    for (Py_ssize_t i = 0; i < KEPT; i++)
        Py_XDECREF(self->kept[i]);
    Py_TYPE(self)->tp_free(self);
}

static PyMethodDef Scanner_methods[] = {
    {"scan", (PyCFunction)Scanner_scan, METH_O, "Return the members' values in the order of the fields, or None."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject ScannerType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "agents.domain.scan.Scanner",
    .tp_doc = "Reads flat JSON objects of known members.",
    .tp_basicsize = sizeof(Scanner),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = Scanner_new,
    .tp_dealloc = (destructor)Scanner_dealloc,
    .tp_methods = Scanner_methods,
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "agents.domain.scan", .m_doc = "Flat JSON objects, read fast.", .m_size = -1,
};

PyMODINIT_FUNC PyInit_scan(void)
{
    PyObject *made = PyModule_Create(&module);
    if (made != NULL && PyModule_AddType(made, &ScannerType) < 0)
        Py_CLEAR(made);
    return made;
}
