#include "script/codec.hpp"
#include "script/raise.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "script/field_reads.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

struct TableKey {
    bool is_integer;
    std::int64_t number;
    const char* text;  // the string is held by the table's key
    std::size_t size;

    friend bool operator<(const TableKey& a, const TableKey& b) noexcept {
        if (a.is_integer != b.is_integer) return a.is_integer;
        if (a.is_integer) return a.number < b.number;
        const int order = std::memcmp(a.text, b.text, std::min(a.size, b.size));
        return order != 0 ? order < 0 : a.size < b.size;
    }
};

// One thread's workspace: it outlives the C functions that an error would leave without running
// destructors.
struct Workspace {
    std::vector<TableKey> keys;
    const void* tables[kMaxDepth];
    TableKey path[kMaxDepth];
};

Workspace& workspace() {
    thread_local Workspace instance;
    return instance;
}

struct Encoder {
    lua_State* L;
    Bytes& out;
    std::size_t begin;
    const char* what;
    Workspace& space;
    int depth;

    // Builds "data.units[3].target" in the context's message and raises.
    [[noreturn]] void refuse(const char* reason) {
        describe(reason);
        out.truncate(begin);
        raise(L, "%s", context(L).message.c_str());
        __builtin_unreachable();
    }
    void describe(const char* reason) {
        std::string& text = context(L).message;
        text = what;
        for (int i = 0; i < depth; ++i) {
            const TableKey& key = space.path[i];
            if (key.is_integer) {
                text += '[' + std::to_string(key.number) + ']';
            } else {
                text += '.';
                text.append(key.text, std::min<std::size_t>(key.size, 40));
            }
        }
        text += reason;
    }

    void value(int index) {
        switch (lua_type(L, index)) {
            case LUA_TNIL:
                out.put(static_cast<std::uint8_t>(Tag::nil));
                return;
            case LUA_TBOOLEAN:
                out.put(static_cast<std::uint8_t>(lua_toboolean(L, index) ? Tag::yes : Tag::no));
                return;
            case LUA_TNUMBER:
                if (lua_isinteger(L, index)) {
                    out.put(static_cast<std::uint8_t>(Tag::integer));
                    out.put_zigzag(lua_tointeger(L, index));
                } else {
                    out.put(static_cast<std::uint8_t>(Tag::number));
                    out.put_float(lua_tonumber(L, index));
                }
                return;
            case LUA_TSTRING: {
                std::size_t size;
                const char* text = lua_tolstring(L, index, &size);
                charge(L, static_cast<std::int64_t>(size / 16));
                out.put(static_cast<std::uint8_t>(Tag::string));
                out.put_string({text, size});
                return;
            }
            case LUA_TTABLE:
                table(index);
                return;
            default:
                break;
        }
        const int type = lua_type(L, index);
        if (type == LUA_TFUNCTION)
            refuse(
                " is a function, which is no value; hand over the name of a job or handler "
                "instead");
        refuse(type == LUA_TTHREAD ? " is a coroutine, which is no value; use numbers, strings, "
                                     "booleans and tables of these"
                                   : " is a userdata, which is no value; use numbers, strings, "
                                     "booleans and tables of these");
    }

    void table(int index) {
        const void* self = lua_topointer(L, index);
        for (int i = 0; i < depth; ++i)
            if (space.tables[i] == self) refuse(" contains itself; a value has no cycles");
        if (depth == kMaxDepth) refuse(" is nested deeper than 100 tables");
        if (!lua_checkstack(L, 4)) refuse(" is nested too deep");
        const std::size_t first = space.keys.size();
        gather(index);
        const std::size_t count = space.keys.size() - first;
        charge(L, static_cast<std::int64_t>(count));
        space.tables[depth] = self;
        const std::size_t table_begin = out.size();
        const bool list = is_list(first, count);
        out.put(static_cast<std::uint8_t>(list ? Tag::list : Tag::map));
        out.put_varint(count);
        if (!list)
            std::sort(space.keys.begin() + static_cast<std::ptrdiff_t>(first), space.keys.end());
        for (std::size_t i = 0; i < count; ++i) {
            const TableKey key = list ? TableKey{true, static_cast<std::int64_t>(i) + 1, nullptr, 0}
                                      : space.keys[first + i];
            space.path[depth] = key;
            if (!list) {
                out.put(static_cast<std::uint8_t>(key.is_integer ? Tag::integer : Tag::string));
                key.is_integer ? out.put_zigzag(key.number) : out.put_string({key.text, key.size});
            }
            if (key.is_integer)
                lua_rawgeti(L, index, key.number);
            else
                push_entry(index, key);
            ++depth;
            value(lua_gettop(L));
            --depth;
            lua_pop(L, 1);
        }
        space.keys.resize(first);
        if (FieldReads* const reads = context(L).field_reads) [[unlikely]]
            reads->used(self, out.view(table_begin, out.size()));
    }

    void push_entry(int index, const TableKey& key) {
        lua_pushlstring(L, key.text, key.size);
        lua_rawget(L, index);
    }

    void gather(int index) {
        // Of keys that are none, the same one is told in whatever order they lie: the least.
        int bad = LUA_TNONE;
        const auto rank = [](int type) {
            return type == LUA_TNUMBER ? 0 : type == LUA_TBOOLEAN ? 1 : 2;
        };
        lua_pushnil(L);
        while (lua_next(L, index) != 0) {
            lua_pop(L, 1);
            TableKey key{};
            if (lua_isinteger(L, -1)) {
                key = {true, lua_tointeger(L, -1), nullptr, 0};
            } else if (lua_type(L, -1) == LUA_TSTRING) {
                key.text = lua_tolstring(L, -1, &key.size);
            } else {
                const int type = lua_type(L, -1);
                if (bad == LUA_TNONE || rank(type) < rank(bad)) bad = type;
                continue;
            }
            space.keys.push_back(key);
        }
        if (bad != LUA_TNONE)
            refuse(rank(bad) == 0   ? " has a key that is no whole number"
                   : rank(bad) == 1 ? " has a boolean key; keys are integers and strings"
                                    : " has a key that is no value; keys are integers and strings");
    }

    // All keys are 1..n exactly if they are n integers, the least 1 and the greatest n.
    bool is_list(std::size_t first, std::size_t count) {
        std::int64_t least = INT64_MAX;
        std::int64_t most = INT64_MIN;
        for (std::size_t i = first; i < first + count; ++i) {
            if (!space.keys[i].is_integer) return false;
            least = std::min(least, space.keys[i].number);
            most = std::max(most, space.keys[i].number);
        }
        if (count == 0 || (least == 1 && most == static_cast<std::int64_t>(count))) return true;
        // With a key 1 and only positive integers it was meant as a list: taking it for a map would
        // hide a bug.
        if (least == 1)
            refuse(
                " is a list with a hole; a list has all of 1..n, a map of numbers does not have 1");
        return false;
    }
};

void decode_value(lua_State* L, ByteReader& in, int depth) {
    std::uint8_t tag = 0;
    if (!in.byte(tag)) raise(L, "malformed value: %s", in.why());
    switch (static_cast<Tag>(tag)) {
        case Tag::nil:
            lua_pushnil(L);
            return;
        case Tag::no:
            lua_pushboolean(L, 0);
            return;
        case Tag::yes:
            lua_pushboolean(L, 1);
            return;
        case Tag::integer: {
            std::int64_t number;
            if (!in.zigzag(number)) break;
            lua_pushinteger(L, number);
            return;
        }
        case Tag::number: {
            double number;
            if (!in.number(number)) break;
            lua_pushnumber(L, number);
            return;
        }
        case Tag::string: {
            std::string_view text;
            if (!in.string(text)) break;
            lua_pushlstring(L, text.data(), text.size());
            return;
        }
        case Tag::list:
        case Tag::map: {
            std::uint64_t count;
            const bool list = static_cast<Tag>(tag) == Tag::list;
            if (!in.count(count, list ? 1 : 3) || depth == kMaxDepth) break;
            if (!lua_checkstack(L, 4)) break;
            const int size = static_cast<int>(std::min<std::uint64_t>(count, 1u << 24));
            lua_createtable(L, list ? size : 0, list ? 0 : size);
            for (std::uint64_t i = 0; i < count; ++i) {
                if (list) {
                    decode_value(L, in, depth + 1);
                    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
                } else {
                    decode_value(L, in, depth + 1);
                    decode_value(L, in, depth + 1);
                    lua_rawset(L, -3);
                }
            }
            return;
        }
    }
    raise(L, "malformed value: %s", in.failed() ? in.why() : "nested too deep");
}

}  // namespace

void encode(lua_State* L, int index, Bytes& out, const char* what) {
    Encoder encoder{L, out, out.size(), what, workspace(), 0};
    encoder.space.keys.clear();
    encoder.value(lua_absindex(L, index));
}

void decode(lua_State* L, ByteReader& in) { decode_value(L, in, 0); }

Scalar to_scalar(lua_State* L, int index, Bytes& scratch, const char* what) {
    Scalar value;
    switch (lua_type(L, index)) {
        case LUA_TNIL:
            return value;
        case LUA_TBOOLEAN:
            value.kind = Scalar::Kind::boolean;
            value.boolean = lua_toboolean(L, index) != 0;
            return value;
        case LUA_TNUMBER:
            if (lua_isinteger(L, index)) {
                value.kind = Scalar::Kind::integer;
                value.integer = lua_tointeger(L, index);
            } else {
                value.kind = Scalar::Kind::number;
                value.number = canonical(lua_tonumber(L, index));
            }
            return value;
        case LUA_TSTRING: {
            std::size_t size;
            const char* text = lua_tolstring(L, index, &size);
            value.kind = Scalar::Kind::string;
            value.text = {text, size};
            return value;
        }
        default: {
            const std::size_t begin = scratch.size();
            encode(L, index, scratch, what);
            value.kind = Scalar::Kind::bytes;
            value.text = {reinterpret_cast<const char*>(scratch.data()) + begin,
                          scratch.size() - begin};
            return value;
        }
    }
}

void push_scalar(lua_State* L, const Scalar& value) {
    switch (value.kind) {
        case Scalar::Kind::nil:
            lua_pushnil(L);
            return;
        case Scalar::Kind::boolean:
            lua_pushboolean(L, value.boolean);
            return;
        case Scalar::Kind::integer:
            lua_pushinteger(L, value.integer);
            return;
        case Scalar::Kind::number:
            lua_pushnumber(L, value.number);
            return;
        case Scalar::Kind::string:
            lua_pushlstring(L, value.text.data(), value.text.size());
            return;
        case Scalar::Kind::bytes: {
            charge(L, static_cast<std::int64_t>(value.text.size() / 16));
            ByteReader in(
                {reinterpret_cast<const std::uint8_t*>(value.text.data()), value.text.size()});
            decode(L, in);
            return;
        }
        case Scalar::Kind::array:
            break;
    }
    CANON_ASSERT(false, "an array's cells are read one by one");
}

}  // namespace canon::script
