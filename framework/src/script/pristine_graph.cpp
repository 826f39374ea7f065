#include "script/pristine_graph.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>

#include "script/engine_library.hpp"
#include "script/key_text.hpp"

namespace canon::script {
namespace {

using Change = LostWrite::Change;
using Kind = LostWrite::Kind;

constexpr int kObjects = 1;  // the stack's first slot: a list of the nodes that have been reached
constexpr int kFloat = 100;  // a type of its own: 1.0 in the place of 1 is a change

bool may_be_node(lua_State* L) {
    return lua_istable(L, -1) || (lua_isfunction(L, -1) && !lua_iscfunction(L, -1));
}

// Of the Lua function on top: "jobs.think (soldiers.lua:12)".
std::string label_of(lua_State* L, const std::string& name) {
    lua_Debug about{};
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">S", &about);
    const char* file = about.source[0] == '=' ? about.source + 1 : about.short_src;
    return name + " (" + file + ":" + std::to_string(about.linedefined) + ")";
}

}  // namespace

PristineGraph::Plain PristineGraph::read(lua_State* L, int index) const {
    Plain plain{lua_type(L, index), 0, nullptr};
    switch (plain.type) {
        case LUA_TNIL:
            break;
        case LUA_TBOOLEAN:
            plain.bits = lua_toboolean(L, index) ? 1 : 0;
            break;
        case LUA_TNUMBER:
            if (lua_isinteger(L, index)) {
                plain.bits = static_cast<std::uint64_t>(lua_tointeger(L, index));
            } else {
                plain.type = kFloat;
                plain.bits = std::bit_cast<std::uint64_t>(lua_tonumber(L, index));
            }
            break;
        case LUA_TSTRING: {
            std::size_t size;
            plain.text = lua_tolstring(L, index, &size);
            plain.bits = size;
            break;
        }
        default:
            plain.bits = reinterpret_cast<std::uintptr_t>(lua_topointer(L, index));
    }
    return plain;
}

bool PristineGraph::same(const Plain& a, const Plain& b) noexcept {
    if (a.type != b.type || a.bits != b.bits) return false;
    return a.type != LUA_TSTRING || std::memcmp(a.text, b.text, a.bits) == 0;
}

bool PristineGraph::Less::operator()(const Plain& a, const Plain& b) const noexcept {
    if (a.type != b.type || a.bits != b.bits)
        return std::tie(a.type, a.bits) < std::tie(b.type, b.bits);
    return a.type == LUA_TSTRING && std::memcmp(a.text, b.text, a.bits) < 0;
}

// ---- taking note ----

void PristineGraph::note(lua_State* L) {
    lua_newtable(L);
    note_roots(L);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        lua_rawgeti(L, kObjects, static_cast<lua_Integer>(i) + 1);
        Node& node = nodes_[i];
        node.slots_begin = static_cast<std::uint32_t>(slots_.size());
        if (node.is_function)
            note_function(L, node);
        else
            note_table(L, node);
        node.slots_end = static_cast<std::uint32_t>(slots_.size());
        lua_settop(L, kObjects);
    }
    // The run may free a text and have another one lie in its place.
    for (Slot& slot : slots_)
        for (Plain* plain : {&slot.key, &slot.value})
            if (plain->type == LUA_TSTRING) plain->text = image_.kept(plain->text);
    reached_.resize(nodes_.size());
}

void PristineGraph::note_roots(lua_State* L) {
    lua_pushglobaltable(L);
    child_of(L, Kind::global, {}, {});
    list_new(L);
    lua_pop(L, 1);
    for (std::size_t i = 0; i < program_.modules().size(); ++i) {
        const lua_Integer place = static_cast<lua_Integer>(i) + 1;
        lua_getfield(L, LUA_REGISTRYINDEX, kLoadedKey);
        lua_rawgeti(L, -1, place);
        child_of(L, Kind::module, program_.modules()[i].name, {});
        if (nodes_.size() > listed_) modules_.push_back(place);
        list_new(L);
        lua_settop(L, kObjects);
    }
}

// The node of the value on top, which is made if it is new; kNoNode for what is none.
std::uint32_t PristineGraph::child_of(lua_State* L, Kind kind, const std::string& owner,
                                      const std::string& name) {
    if (!may_be_node(L)) return kNoNode;
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    const auto [at, is_new] = by_address_.try_emplace(lua_topointer(L, -1), index);
    if (!is_new) return at->second;
    Node node{};
    node.is_function = lua_isfunction(L, -1);
    node.kind = kind;
    node.owner = owner;
    node.name = name;
    node.metatable_child = kNoNode;
    if (node.is_function) node.label = label_of(L, name.empty() ? owner : name);
    nodes_.push_back(std::move(node));
    return index;
}

// Lists the value on top if `child_of` has just made a node of it. Apart from that, since it may
// raise, where no texts are alive.
void PristineGraph::list_new(lua_State* L) {
    if (listed_ == nodes_.size()) return;
    lua_pushvalue(L, -1);
    lua_rawseti(L, kObjects, static_cast<lua_Integer>(++listed_));
}

// The table is on top.
void PristineGraph::note_table(lua_State* L, Node& node) {
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        const Plain key = read(L, -2);
        slots_.push_back(
            {key, read(L, -1), child_of(L, node.kind, node.owner, path_of(node.name, key)), 0});
        list_new(L);
        lua_pop(L, 1);
    }
    if (lua_getmetatable(L, -1) == 0) return;
    node.metatable = lua_topointer(L, -1);
    node.metatable_child = child_of(L, node.kind, node.owner, metatable_name(node));
    list_new(L);
}

// The function is on top. An upvalue that several functions share belongs to the first.
void PristineGraph::note_function(lua_State* L, const Node& node) {
    for (int i = 1; const char* name = lua_getupvalue(L, -1, i); ++i) {
        if (by_address_.try_emplace(lua_upvalueid(L, -2, i), kNoNode).second) {
            const auto text = static_cast<std::uint32_t>(names_.size());
            names_.emplace_back(name);
            const Plain key{LUA_TNUMBER, static_cast<std::uint64_t>(i), nullptr};
            slots_.push_back(
                {key, read(L, -1), child_of(L, Kind::upvalue, node.label, name), text});
            list_new(L);
        }
        lua_pop(L, 1);
    }
}

// ---- comparing ----

void PristineGraph::compare(lua_State* L, std::vector<Difference>& out) {
    out.clear();
    out_ = &out;
    waiting_.clear();
    std::fill(reached_.begin(), reached_.end(), false);
    lua_createtable(L, static_cast<int>(nodes_.size()), 0);
    lua_pushglobaltable(L);
    reach(L, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, kLoadedKey);
    for (std::size_t i = 0; i < modules_.size(); ++i) {
        lua_rawgeti(L, -1, modules_[i]);
        reach(L, static_cast<std::uint32_t>(i) + 1);
        lua_pop(L, 1);
    }
    lua_settop(L, kObjects);
    while (!waiting_.empty()) {
        const std::uint32_t node = waiting_.back();
        waiting_.pop_back();
        lua_rawgeti(L, kObjects, static_cast<lua_Integer>(node) + 1);
        if (nodes_[node].is_function)
            compare_function(L, nodes_[node]);
        else
            compare_table(L, node);
        lua_settop(L, kObjects);
    }
    std::sort(out.begin(), out.end(), [](const Difference& a, const Difference& b) {
        return std::tie(a.kind, a.owner, a.name) < std::tie(b.kind, b.owner, b.name);
    });
}

// The value on top is `child`, as it was.
void PristineGraph::reach(lua_State* L, std::uint32_t child) {
    if (child == kNoNode || reached_[child]) return;
    reached_[child] = true;
    waiting_.push_back(child);
    lua_pushvalue(L, -1);
    lua_rawseti(L, kObjects, static_cast<lua_Integer>(child) + 1);
}

// A table that nobody has written to is walked in the order in which it was noted.
std::uint32_t PristineGraph::find_slot(std::uint32_t node, const Plain& key, std::uint32_t guess) {
    const std::uint32_t begin = nodes_[node].slots_begin, end = nodes_[node].slots_end;
    if (guess < end && same(slots_[guess].key, key)) return guess;
    KeyIndex& keys = keys_[node];
    if (keys.empty())
        for (std::uint32_t i = begin; i < end; ++i) keys.emplace(slots_[i].key, i);
    const auto found = keys.find(key);
    return found == keys.end() ? kNoNode : found->second;
}

// The table is on top.
void PristineGraph::compare_table(lua_State* L, std::uint32_t index) {
    const Node& node = nodes_[index];
    seen_.assign(node.slots_end - node.slots_begin, false);
    std::uint32_t guess = node.slots_begin;
    std::size_t seen = 0;
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        const Plain key = read(L, -2);
        const std::uint32_t found = find_slot(index, key, guess);
        if (found == kNoNode) {
            tell_entry(node, Change::added, key);
        } else {
            guess = found + 1;
            ++seen;
            seen_[found - node.slots_begin] = true;
            if (same(slots_[found].value, read(L, -1)))
                reach(L, slots_[found].child);
            else
                tell_entry(node, Change::changed, key);
        }
        lua_pop(L, 1);
    }
    for (std::uint32_t i = 0; seen < seen_.size() && i < seen_.size(); ++i)
        if (!seen_[i]) tell_entry(node, Change::removed, slots_[node.slots_begin + i].key);
    const bool has_metatable = lua_getmetatable(L, -1) != 0;
    const void* metatable = has_metatable ? lua_topointer(L, -1) : nullptr;
    if (metatable == node.metatable) return reach(L, node.metatable_child);
    tell(node,
         node.metatable == nullptr ? Change::added
         : has_metatable           ? Change::changed
                                   : Change::removed,
         metatable_name(node));
}

void PristineGraph::compare_function(lua_State* L, const Node& node) {
    for (std::uint32_t i = node.slots_begin; i < node.slots_end; ++i) {
        const Slot& slot = slots_[i];
        if (lua_getupvalue(L, -1, static_cast<int>(slot.key.bits)) == nullptr) continue;
        if (same(slot.value, read(L, -1))) {
            reach(L, slot.child);
        } else {
            tell(Kind::upvalue, node.label, Change::changed, names_[slot.name]);
        }
        lua_pop(L, 1);
    }
}

// ---- telling ----

std::string PristineGraph::metatable_name(const Node& node) {
    if (!node.name.empty()) return node.name + "'s metatable";
    return node.kind == Kind::global ? "_G's metatable" : "metatable";
}

std::string PristineGraph::path_of(const std::string& table, const Plain& key) {
    std::string path = table;
    switch (key.type) {
        case LUA_TSTRING:
            append_key_text(std::string_view(key.text, key.bits), path);
            break;
        case LUA_TNUMBER:
            append_key_text(static_cast<std::int64_t>(key.bits), path);
            break;
        case LUA_TBOOLEAN:
            path += key.bits != 0 ? "[true]" : "[false]";
            break;
        case kFloat:
            append_key_text(std::bit_cast<double>(key.bits), path);
            break;
        default:
            path += "[an object]";
    }
    return path;
}

void PristineGraph::tell(Kind kind, const std::string& owner, Change change,
                         const std::string& name) {
    if (out_->size() < kMostDifferences) out_->push_back({kind, change, name, owner});
}

void PristineGraph::tell(const Node& node, Change change, const std::string& name) {
    tell(node.kind, node.owner, change, name);
}

void PristineGraph::tell_entry(const Node& node, Change change, const Plain& key) {
    tell(node, change, path_of(node.name, key));
}

}  // namespace canon::script
