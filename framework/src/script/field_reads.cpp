#include "script/field_reads.hpp"

#include "script/key_text.hpp"
#include "script/table_shape.hpp"

namespace canon::script {
namespace {

using Change = LostWrite::Change;

// Of the key on which `in` stands in a map; pushes it too.
void read_key(lua_State* L, ByteReader& in, std::string& path) {
    std::uint8_t tag = 0;
    in.byte(tag);
    if (static_cast<Tag>(tag) == Tag::integer) {
        std::int64_t number = 0;
        in.zigzag(number);
        lua_pushinteger(L, number);
        append_key_text(number, path);
    } else {
        std::string_view text;
        in.string(text);
        lua_pushlstring(L, text.data(), text.size());
        append_key_text(text, path);
    }
}

void append_key(lua_State* L, int index, std::string& path) {
    std::size_t size;
    const int type = lua_type(L, index);
    if (type == LUA_TSTRING) {
        const char* text = lua_tolstring(L, index, &size);
        append_key_text(std::string_view(text, size), path);
    } else if (lua_isinteger(L, index)) {
        append_key_text(std::int64_t{lua_tointeger(L, index)}, path);
    } else if (type == LUA_TNUMBER) {
        append_key_text(double{lua_tonumber(L, index)}, path);
    } else {
        path += "[" + std::string(luaL_typename(L, index)) + "]";
    }
}

}  // namespace

void FieldReads::begin() noexcept {
    state_.reads.clear();
    state_.stopped = false;
    by_table_.clear();
    by_entity_.clear();
}

void FieldReads::go_on(const State& state) {
    begin();
    state_ = state;
    for (std::size_t i = 0; i < state_.reads.size(); ++i) index(i);
}

void FieldReads::stop() noexcept {
    begin();
    state_.stopped = true;
}

void FieldReads::index(std::size_t read) {
    by_table_[state_.reads[read].table] = read;
    by_entity_.emplace(state_.reads[read].entity.value, read);
}

void FieldReads::note(Read read, std::span<const std::uint8_t> content) {
    if (state_.stopped) return;
    read.content.append(content);
    state_.reads.push_back(std::move(read));
    index(state_.reads.size() - 1);
}

void FieldReads::used(const void* table, std::span<const std::uint8_t> content) {
    const auto found = by_table_.find(table);
    if (found == by_table_.end()) return;
    Bytes& kept = state_.reads[found->second].content;
    kept.clear();
    kept.append(content);
}

void FieldReads::set(EntityId entity, NameId field, const void* table) noexcept {
    const auto [begin, end] = by_entity_.equal_range(entity.value);
    for (auto at = begin; at != end; ++at) {
        Read& read = state_.reads[at->second];
        if (read.field == field && read.table != table) read.settled = true;
    }
}

void FieldReads::compare(lua_State* L, std::vector<Difference>& out) {
    out.clear();
    for (const Read& read : state_.reads) {
        if (read.settled || !push_table_at(L, read.table)) continue;
        ByteReader in(read.content.view());
        path_ = read.path;
        if (differs(L, lua_gettop(L), in)) out.push_back({&read, change_, path_});
        lua_settop(L, 0);
    }
}

// Whether the value at `index` is not the one that `in` stands at; `path_` then leads to the first
// part that is not.
bool FieldReads::differs(lua_State* L, int index, ByteReader& in) {
    std::uint8_t tag = 0;
    in.byte(tag);
    change_ = Change::changed;
    switch (static_cast<Tag>(tag)) {
        case Tag::nil:
            return !lua_isnil(L, index);
        case Tag::no:
        case Tag::yes:
            return !lua_isboolean(L, index) ||
                   (lua_toboolean(L, index) != 0) != (static_cast<Tag>(tag) == Tag::yes);
        case Tag::integer: {
            std::int64_t number = 0;
            in.zigzag(number);
            return !lua_isinteger(L, index) || lua_tointeger(L, index) != number;
        }
        case Tag::number: {
            double number = 0;
            in.number(number);
            if (lua_type(L, index) != LUA_TNUMBER || lua_isinteger(L, index)) return true;
            const double now = lua_tonumber(L, index);
            return now != number && !(now != now && number != number);
        }
        case Tag::string: {
            std::string_view text;
            in.string(text);
            if (lua_type(L, index) != LUA_TSTRING) return true;
            std::size_t size;
            const char* now = lua_tolstring(L, index, &size);
            return text != std::string_view(now, size);
        }
        case Tag::list:
        case Tag::map:
            return !lua_istable(L, index) ||
                   table_differs(L, index, in, static_cast<Tag>(tag) == Tag::list);
    }
    return false;
}

bool FieldReads::table_differs(lua_State* L, int index, ByteReader& in, bool is_list) {
    luaL_checkstack(L, 6, "a field's value");
    std::uint64_t count = 0;
    in.count(count, 1);
    const ByteReader begin = in;
    const std::size_t length = path_.size();
    for (std::uint64_t i = 0; i < count; ++i) {
        if (is_list) {
            lua_pushinteger(L, static_cast<lua_Integer>(i) + 1);
            append_key_text(static_cast<std::int64_t>(i) + 1, path_);
        } else {
            read_key(L, in, path_);
        }
        if (lua_rawget(L, index) == LUA_TNIL) {
            change_ = Change::removed;
            return true;
        }
        if (differs(L, lua_gettop(L), in)) return true;
        lua_pop(L, 1);
        path_.resize(length);
    }
    std::uint64_t now = 0;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        ++now;
    }
    if (now == count) return false;
    find_added(L, index, begin, count, is_list);
    return true;
}

// All that was there still is: appends to `path_` the first key by its text that was not.
void FieldReads::find_added(lua_State* L, int index, ByteReader in, std::uint64_t count,
                            bool is_list) {
    const std::size_t length = path_.size();
    keys_.clear();
    for (std::uint64_t i = 0; i < count; ++i) {
        if (is_list) {
            append_key_text(static_cast<std::int64_t>(i) + 1, path_);
        } else {
            read_key(L, in, path_);
            lua_pop(L, 1);
            in.skip_value();
        }
        keys_.insert(path_);
        path_.resize(length);
    }
    added_.clear();
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        append_key(L, -1, path_);
        if (!keys_.contains(path_) && (added_.empty() || path_ < added_)) added_ = path_;
        path_.resize(length);
    }
    if (!added_.empty()) path_ = added_;  // else the key is too long to be told apart
    change_ = Change::added;
}

}  // namespace canon::script
