// Field reads: the tables that a run has got from engine.get and engine.at, with what was in them,
// to find those that it has changed in vain.
//
// Such a table is a copy. It counts as kept what its content was when the run last handed it to an
// action (set, post, call, ...), alone or within another table; and a field that the run sets or
// puts by other means is left alone.
//
// Nothing is written to the arena, so that a run which is watched is the same to the byte. A table
// is therefore known by its address alone, which holds as long as the collector has not run: when
// it begins to, what was noted is forgotten, and the rest of the run is not watched.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/ids.hpp"
#include "canon/lost_write.hpp"
#include "canon/schema.hpp"
#include "script/lua.hpp"

namespace canon::script {

class FieldReads {
  public:
    struct Read {
        const void* table = nullptr;
        EntityId entity;
        TemplateIndex owner = 0;
        NameId field = 0;
        std::string path;  ///< from the field's name on: "bag.items[2]"
        Bytes content;
        bool settled = false;  ///< the field has been set otherwise
    };
    struct Difference {
        const Read* read;
        LostWrite::Change change;
        std::string name;  ///< "bag.items[2]"
    };
    /// What a run that is put aside takes with it.
    struct State {
        std::vector<Read> reads;
        bool stopped = false;
    };

    void begin() noexcept;
    void go_on(const State& state);
    const State& state() const noexcept { return state_; }
    /// Call: when the collector begins.
    void stop() noexcept;

    /// `content` is that of the table, as canonical bytes.
    void note(Read read, std::span<const std::uint8_t> content);
    /// The table has been written to an action, as these bytes.
    void used(const void* table, std::span<const std::uint8_t> content);
    /// The run has set the field, to the value at this address if it is a table.
    void set(EntityId entity, NameId field, const void* table) noexcept;

    /// Sets `out` to the first difference of each table that is not as noted. Call: in a protected
    /// call, after the run, with the collector stopped.
    void compare(lua_State* L, std::vector<Difference>& out);

  private:
    void index(std::size_t read);
    bool differs(lua_State* L, int index, ByteReader& in);
    bool table_differs(lua_State* L, int index, ByteReader& in, bool is_list);
    void find_added(lua_State* L, int index, ByteReader in, std::uint64_t count, bool is_list);

    State state_;
    std::unordered_map<const void*, std::size_t> by_table_;
    std::unordered_multimap<std::int64_t, std::size_t> by_entity_;
    // Of the comparison under way; members, since an error of Lua's would skip their destructors.
    std::string path_;
    std::string added_;
    std::unordered_set<std::string> keys_;
    LostWrite::Change change_ = LostWrite::Change::changed;
};

}  // namespace canon::script
