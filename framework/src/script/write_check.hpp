// Write check: finds what a run has written in vain (see canon/lost_write.hpp), for one VM.
//
// It looks after the run has ended, at a heap that the next restore replaces, so that the run
// itself is the same to the byte with and without it.
#pragma once
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "canon/lost_write.hpp"
#include "script/field_reads.hpp"
#include "script/pristine_graph.hpp"

namespace canon::script {

class WriteCheck {
  public:
    /// Borrows: both.
    WriteCheck(const Image& image, const Program& program) : graph_(image, program) {}

    /// Takes note of the image. Call: once, when it has been taken, with no limit of memory;
    /// restore it afterwards.
    /// Fails: throws canon::Error if memory is short.
    void note(lua_State* main);
    FieldReads& fields() noexcept { return fields_; }

    /// What the run that has just ended well has written in vain. `name` is that of `function`.
    /// Call: before anything else is run, with no limit of memory and the collector stopped. Where
    /// the arena is full it tells nothing.
    void compare(lua_State* main, const Schema& schema, std::uint32_t function, std::string name);
    /// Of the last comparison; frame, stamp and in_job are the caller's to add.
    std::span<const LostWrite> lost() const noexcept { return lost_; }
    void forget() noexcept { lost_.clear(); }

    /// The file and line of a function by number; empty and 0 where it is not in Lua.
    const std::pair<std::string, int>& defined_at(std::uint32_t function) const noexcept {
        return places_[function];
    }

  private:
    static int note_all(lua_State* L);
    static int compare_graph(lua_State* L);
    static int compare_fields(lua_State* L);
    void note_functions(lua_State* L);

    PristineGraph graph_;
    FieldReads fields_;
    std::vector<std::pair<std::string, int>> places_;  // of functions by number
    std::vector<PristineGraph::Difference> in_graph_;
    std::vector<FieldReads::Difference> in_fields_;
    std::vector<LostWrite> lost_;
};

}  // namespace canon::script
