/* Numbers that add up, by name: what `counters.py` says of its Counters, in memory that is touched once for a name.
 *
 * With millions of names the time goes into waiting for memory: a dict of objects lies in four places for each of them, its
 * index, its entry, the name and the object. Here all of it is a slot of one cache line in a table with open addressing
 * and linear probing; only a name that is too long for its slot lies apart.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#define LINE 64
#define SHORT 32 /* bytes of a name that fit into a slot */
#define FEWEST 8 /* slots of a table that has any */
#define MOST (UINT64_C(1) << 31)

typedef struct {
    uint32_t hash, size; /* `size`: that of the name and 1; 0 for a slot that is free */
    int64_t value, position;
    uint64_t run; /* that of the last change */
    union {
        char in_it[SHORT];
        char *apart;
    } name;
} Slot;

_Static_assert(sizeof(Slot) == LINE, "a slot is to be one cache line");

typedef struct {
    PyObject_HEAD
    void *block; /* in which the slots lie, from the first cache line on */
    Slot *slots;
    uint32_t *changed; /* places of those that have changed in this run, in this order; lies apart from the blocks, which
                          then become one free stretch when they are outgrown */
    uint64_t run; /* from 1 */
    uint32_t room, used, changes, changes_room; /* `room`: 0, or a power of 2 */
} Counters;

typedef struct {
    const char *text;
    uint32_t hash, size;
} Name;

static const char *text_of(const Slot *slot)
{
    return slot->size - 1 <= SHORT ? slot->name.in_it : slot->name.apart;
}

/* Return 0 with an exception if that is no name. */
static int read_name(PyObject *object, Name *name)
{
    Py_ssize_t size;
    if (!PyUnicode_Check(object)) {
        PyErr_Format(PyExc_TypeError, "a name has to be a str, not %s", Py_TYPE(object)->tp_name);
        return 0;
    }
    Py_hash_t hash = PyObject_Hash(object);
    name->text = hash == -1 ? NULL : PyUnicode_AsUTF8AndSize(object, &size);
    if (name->text == NULL)
        return 0;
    if (size >= UINT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "a name is too long");
        return 0;
    }
    name->hash = (uint32_t)hash;
    name->size = (uint32_t)size + 1;
    return 1;
}

static int read_number(PyObject *object, int64_t *number)
{
    *number = PyLong_AsLongLong(object);
    return *number != -1 || !PyErr_Occurred();
}

/* Return where the name is, or is to go. There are slots, and one of them is free. */
static Slot *find(Slot *slots, uint32_t room, const Name *name)
{
    for (uint32_t at = name->hash;; at++) {
        Slot *slot = &slots[at & (room - 1)];
        if (slot->size == 0)
            return slot;
        if (slot->hash == name->hash && slot->size == name->size && memcmp(text_of(slot), name->text, name->size - 1) == 0)
            return slot;
    }
}

static Slot *first_line(void *block)
{
    return (Slot *)(((uintptr_t)block + LINE - 1) & ~(uintptr_t)(LINE - 1));
}

/* Move all slots into a table of so many, a power of 2. Return 0 with an exception if there is no memory for it. */
static int resize(Counters *self, uint64_t wanted)
{
    uint32_t room = (uint32_t)wanted;
    void *block = wanted > MOST ? NULL : PyMem_RawCalloc((size_t)room + 1, LINE);
    if (block == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    Slot *slots = first_line(block);
    for (uint32_t at = 0; at < self->room; at++) {
        const Slot *slot = &self->slots[at];
        if (slot->size)
            *find(slots, room, &(Name){text_of(slot), slot->hash, slot->size}) = *slot;
    }
    for (uint32_t i = 0; i < self->changes; i++) {
        const Slot *slot = &self->slots[self->changed[i]];
        self->changed[i] = (uint32_t)(find(slots, room, &(Name){text_of(slot), slot->hash, slot->size}) - slots);
    }
    PyMem_RawFree(self->block);
    self->block = block;
    self->slots = slots;
    self->room = room;
    return 1;
}

static int grow(Counters *self)
{
    return resize(self, self->room ? 2 * (uint64_t)self->room : FEWEST);
}

/* Put a name into a free slot. Return 0 with an exception if there is no memory for it. */
static int settle(Counters *self, Slot *slot, const Name *name)
{
    char *to = slot->name.in_it;
    if (name->size - 1 > SHORT && (to = slot->name.apart = PyMem_RawMalloc(name->size - 1)) == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    memcpy(to, name->text, name->size - 1);
    slot->hash = name->hash;
    slot->size = name->size;
    self->used++;
    return 1;
}

/* Return the slot of a name, made if there is none; NULL with an exception. */
static Slot *slot_of(Counters *self, PyObject *object)
{
    Name name;
    if (!read_name(object, &name) || (self->room == 0 && !grow(self)))
        return NULL;
    Slot *slot = find(self->slots, self->room, &name);
    if (slot->size)
        return slot;
    if (self->used >= self->room / 4 * 3) {
        if (!grow(self))
            return NULL;
        slot = find(self->slots, self->room, &name);
    }
    return settle(self, slot, &name) ? slot : NULL;
}

/* Make room for one more change. Return 0 with an exception if there is no memory for it. */
static int reserve(Counters *self)
{
    if (self->changes < self->changes_room)
        return 1;
    uint32_t room = self->changes_room ? 2 * self->changes_room : 4;
    uint32_t *changed = PyMem_Realloc(self->changed, room * sizeof *changed);
    if (changed == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    self->changed = changed;
    self->changes_room = room;
    return 1;
}

/* add(name, amount, position) -> how many have changed in this run, if this is the first change of one; else 0 */
static PyObject *Counters_add(Counters *self, PyObject *const *args, Py_ssize_t count)
{
    int64_t amount, position, sum;
    if (count != 3)
        return PyErr_Format(PyExc_TypeError, "add takes a name and two numbers, not %zd arguments", count);
    if (!read_number(args[1], &amount) || !read_number(args[2], &position) || !reserve(self))
        return NULL;
    Slot *slot = slot_of(self, args[0]);
    if (slot == NULL)
        return NULL;
    if (__builtin_add_overflow(slot->value, amount, &sum))
        return PyErr_Format(PyExc_OverflowError, "the value of %R would not fit into 64 bits", args[0]);
    slot->value = sum;
    if (slot->run == self->run)
        return PyLong_FromLong(0);
    slot->run = self->run;
    slot->position = position;
    self->changed[self->changes++] = (uint32_t)(slot - self->slots);
    return PyLong_FromUnsignedLong(self->changes);
}

/* Return (value, position). */
static PyObject *row_of(const Slot *slot)
{
    PyObject *row = PyTuple_New(2);
    PyObject *value = PyLong_FromLongLong(slot->value), *position = PyLong_FromLongLong(slot->position);
    if (row == NULL || value == NULL || position == NULL) {
        Py_XDECREF(value);
        Py_XDECREF(position);
        Py_CLEAR(row);
        return NULL;
    }
    PyTuple_SET_ITEM(row, 0, value);
    PyTuple_SET_ITEM(row, 1, position);
    return row;
}

/* Put the name and the row of a slot into a list that has room for them. Return 0 with an exception if there is no memory. */
static int list_slot(PyObject *rows, Py_ssize_t at, const Slot *slot)
{
    PyObject *name = PyUnicode_DecodeUTF8(text_of(slot), slot->size - 1, NULL);
    PyObject *row = name == NULL ? NULL : row_of(slot);
    if (row == NULL) {
        Py_XDECREF(name);
        return 0;
    }
    PyList_SET_ITEM(rows, at, name);
    PyList_SET_ITEM(rows, at + 1, row);
    return 1;
}

/* take() -> [name, (value, position), ...] of those that have changed in this run, which ends */
static PyObject *Counters_take(Counters *self, PyObject *unused)
{
    for (uint32_t i = 0; i < self->changes; i++)
        __builtin_prefetch(&self->slots[self->changed[i]]); /* to wait for all of them together */
    PyObject *rows = PyList_New(2 * (Py_ssize_t)self->changes);
    for (uint32_t i = 0; rows != NULL && i < self->changes; i++)
        if (!list_slot(rows, 2 * (Py_ssize_t)i, &self->slots[self->changed[i]]))
            Py_CLEAR(rows);
    if (rows != NULL) {
        self->changes = 0;
        self->run++;
    }
    return rows;
}

/* behind(position) -> [name, (value, position), ...] of those that changed last behind it */
static PyObject *Counters_behind(Counters *self, PyObject *object)
{
    int64_t position;
    Py_ssize_t count = 0, at = 0;
    if (!read_number(object, &position))
        return NULL;
    for (uint32_t i = 0; i < self->room; i++)
        count += self->slots[i].size && self->slots[i].position > position;
    PyObject *rows = PyList_New(2 * count);
    for (uint32_t i = 0; rows != NULL && i < self->room; i++) {
        const Slot *slot = &self->slots[i];
        if (slot->size == 0 || slot->position <= position)
            continue;
        if (!list_slot(rows, at, slot))
            Py_CLEAR(rows);
        at += 2;
    }
    return rows;
}

/* A number of MessagePack. Return where it ends, NULL if there is none of 64 bits. */
static const unsigned char *read_packed(const unsigned char *at, const unsigned char *end, int64_t *number)
{
    if (at == end)
        return NULL;
    unsigned char type = *at++;
    if (type <= 0x7F || type >= 0xE0) {
        *number = (int8_t)type;
        return at;
    }
    if (type < 0xCC || type > 0xD3)
        return NULL;
    int is_signed = type >= 0xD0, bytes = 1 << (type & 3);
    if (end - at < bytes)
        return NULL;
    uint64_t read = is_signed && *at & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < bytes; i++)
        read = read << 8 | *at++;
    *number = (int64_t)read;
    return is_signed || *number >= 0 ? at : NULL;
}

/* Put a row as it is written. Return 0 with an exception if it is none. */
static int load_row(Counters *self, PyObject *name, PyObject *written)
{
    int64_t value, position;
    const unsigned char *at = NULL, *end = NULL;
    if (PyBytes_Check(written) && PyBytes_GET_SIZE(written) && *PyBytes_AS_STRING(written) == (char)0x92) {
        at = (const unsigned char *)PyBytes_AS_STRING(written) + 1;
        end = at + PyBytes_GET_SIZE(written) - 1;
    }
    if (at == NULL || (at = read_packed(at, end, &value)) == NULL || read_packed(at, end, &position) != end) {
        PyErr_Format(PyExc_ValueError, "%R is not two whole numbers, but %R", name, written);
        return 0;
    }
    Slot *slot = slot_of(self, name);
    if (slot == NULL)
        return 0;
    slot->value = value;
    slot->position = position;
    return 1;
}

/* Return how many slots so many names need. */
static uint64_t room_for(Py_ssize_t names)
{
    uint64_t room = FEWEST;
    while (room <= MOST && room / 4 * 3 < (uint64_t)names)
        room *= 2;
    return room;
}

/* load(rows): take up what is written, which is no change */
static PyObject *Counters_load(Counters *self, PyObject *rows)
{
    PyObject *name, *written;
    Py_ssize_t at = 0;
    if (!PyDict_Check(rows))
        return PyErr_Format(PyExc_TypeError, "rows have to be a dict, not %s", Py_TYPE(rows)->tp_name);
    if (self->room == 0 && PyDict_GET_SIZE(rows) && !resize(self, room_for(PyDict_GET_SIZE(rows))))
        return NULL;
    while (PyDict_Next(rows, &at, &name, &written))
        if (written != Py_None && !load_row(self, name, written))
            return NULL;
    return Py_NewRef(Py_None);
}

/* get(name) -> (value, position), or None */
static PyObject *Counters_get(Counters *self, PyObject *object)
{
    Name name;
    if (!read_name(object, &name))
        return NULL;
    const Slot *slot = self->room ? find(self->slots, self->room, &name) : NULL;
    return slot == NULL || slot->size == 0 ? Py_NewRef(Py_None) : row_of(slot);
}

static Py_ssize_t Counters_length(Counters *self)
{
    return self->used;
}

static PyObject *Counters_new(PyTypeObject *type, PyObject *args, PyObject *named)
{
    if (PyTuple_GET_SIZE(args) || (named != NULL && PyDict_GET_SIZE(named)))
        return PyErr_Format(PyExc_TypeError, "Counters() takes no arguments");
    Counters *self = (Counters *)type->tp_alloc(type, 0); /* all zeros */
    if (self != NULL)
        self->run = 1;
    return (PyObject *)self;
}

static void Counters_dealloc(Counters *self)
{
    for (uint32_t at = 0; at < self->room; at++)
        if (self->slots[at].size && self->slots[at].size - 1 > SHORT)
            PyMem_RawFree(self->slots[at].name.apart);
    PyMem_RawFree(self->block);
    PyMem_Free(self->changed);
    Py_TYPE(self)->tp_free(self);
}

static PyMethodDef Counters_methods[] = {
    {"add", (PyCFunction)(void (*)(void))Counters_add, METH_FASTCALL, "Add to the value of a name."},
    {"take", (PyCFunction)Counters_take, METH_NOARGS, "End a run, and return what has changed in it."},
    {"behind", (PyCFunction)Counters_behind, METH_O, "Return what changed last behind a position."},
    {"load", (PyCFunction)Counters_load, METH_O, "Take up rows that are written, which is no change."},
    {"get", (PyCFunction)Counters_get, METH_O, "Return value and position of a name, or None."},
    {NULL},
};

static PySequenceMethods Counters_as_sequence = {.sq_length = (lenfunc)Counters_length};

static PyTypeObject CountersType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "app.engine.count.Counters",
    .tp_doc = "Numbers that add up, by name.",
    .tp_basicsize = sizeof(Counters),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = Counters_new,
    .tp_dealloc = (destructor)Counters_dealloc,
    .tp_methods = Counters_methods,
    .tp_as_sequence = &Counters_as_sequence,
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "app.engine.count", .m_doc = "Numbers that add up, fast.", .m_size = -1,
};

PyMODINIT_FUNC PyInit_count(void)
{
    PyObject *made = PyModule_Create(&module);
    if (made != NULL && PyModule_AddType(made, &CountersType) < 0)
        Py_CLEAR(made);
    return made;
}
