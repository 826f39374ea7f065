// Pristine graph: every table and variable that scripts can reach in the image, with its name, to
// find what a run has changed.
//
// Tables and closures are nodes; entries of tables and upvalues of closures are their slots. After
// a run the nodes are visited again, from the globals and the modules' values through slots that
// are unchanged. An object that the image holds never moves, and a slot that is as it was still
// leads to it, so each node is compared with what it was. What only a changed slot leads to needs
// no comparison: the slot itself is told.
//
// Functions in C and the registry are not looked at: what the libraries keep is not the script's.
// So a module that a run requires for the first time is no change.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "canon/lost_write.hpp"
#include "canon/program.hpp"
#include "script/image.hpp"
#include "script/lua.hpp"

namespace canon::script {

class PristineGraph {
  public:
    struct Difference {
        LostWrite::Kind kind;
        LostWrite::Change change;
        std::string name;
        std::string owner;
    };
    static constexpr std::size_t kMostDifferences = 100;  ///< told of one run

    /// Borrows: the image, whose bytes are those of texts here.
    PristineGraph(const Image& image, const Program& program) : image_(image), program_(program) {}

    /// Takes note of all that `L` reaches. Call: in a protected call with an empty stack, once,
    /// with the image taken and restored. Writes to the arena.
    void note(lua_State* L);
    /// Sets `out` to what is not as it was noted, at most kMostDifferences, sorted by name. Call:
    /// as above, after a run.
    void compare(lua_State* L, std::vector<Difference>& out);

  private:
    // A key or value: equal to another one of the same bits, or for a text of the same bytes.
    struct Plain {
        int type;
        std::uint64_t bits;  // of a text its length
        const char* text;
    };
    struct Slot {
        Plain key;
        Plain value;
        std::uint32_t child;  // the node that the value is, or kNoNode
        std::uint32_t name;   // of an upvalue, in names_
    };
    struct Node {
        bool is_function;
        LostWrite::Kind kind;
        std::string owner;
        std::string name;   // within its owner; empty for the globals and for a module's own value
        std::string label;  // of a function: how its upvalues call it
        std::uint32_t slots_begin = 0, slots_end = 0;
        const void* metatable = nullptr;
        std::uint32_t metatable_child;
    };
    struct Less {
        bool operator()(const Plain& a, const Plain& b) const noexcept;
    };
    using KeyIndex = std::map<Plain, std::uint32_t, Less>;
    static constexpr std::uint32_t kNoNode = ~std::uint32_t{0};

    Plain read(lua_State* L, int index) const;
    static bool same(const Plain& a, const Plain& b) noexcept;

    void note_roots(lua_State* L);
    void note_table(lua_State* L, Node& node);
    void note_function(lua_State* L, const Node& node);
    void list_new(lua_State* L);
    std::uint32_t child_of(lua_State* L, LostWrite::Kind kind, const std::string& owner,
                           const std::string& name);
    void reach(lua_State* L, std::uint32_t child);
    void compare_table(lua_State* L, std::uint32_t node);
    void compare_function(lua_State* L, const Node& node);
    std::uint32_t find_slot(std::uint32_t node, const Plain& key, std::uint32_t guess);

    static std::string metatable_name(const Node& node);
    static std::string path_of(const std::string& table, const Plain& key);
    void tell(LostWrite::Kind kind, const std::string& owner, LostWrite::Change change,
              const std::string& name);
    void tell(const Node& node, LostWrite::Change change, const std::string& name);
    void tell_entry(const Node& node, LostWrite::Change change, const Plain& key);

    const Image& image_;
    const Program& program_;
    std::deque<Node> nodes_;  // which stay where they are while more are made
    std::size_t listed_ = 0;
    std::vector<Slot> slots_;
    std::vector<std::string> names_;
    std::vector<lua_Integer> modules_;  // whose values are nodes 1, 2, ...: places in the registry
    std::unordered_map<const void*, std::uint32_t> by_address_;  // nodes; upvalues as kNoNode
    std::unordered_map<std::uint32_t, KeyIndex> keys_;  // of tables that were once written to
    // Of the comparison under way.
    std::vector<std::uint32_t> waiting_;
    std::vector<bool> reached_;
    std::vector<bool> seen_;
    std::vector<Difference>* out_ = nullptr;
};

}  // namespace canon::script
