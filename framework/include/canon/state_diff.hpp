// State diff: finds what differs between two states of one program by asking both the same
// questions, from the top hashes down to the fields.
//
// A question and an answer are a few bytes to some tens of kilobytes, whatever the states hold, so
// the same code compares two snapshots, two files, and two peers that have nothing but a wire
// between them. Where the hashes of a range of ids agree, nothing below is asked for.
//
// Questions and answers are bytes that nobody vouches for. Canonical bytes; numbers are varints:
//   0 top    first template                     -> next id, count, hashes of so many templates
//   1 ranges template, level, prefix            -> for each 64th part of the range of ids: the
//                                                  entities in it and, unless 0, their hash
//   2 rows   template, level, prefix, first field -> ids (each as the distance from the one
//   before),
//                                                  count, hashes of so many fields' columns
//   3 cells  template, level, prefix, field, first row -> count, contents
//   4 pages  template, id, field, first cell    -> count, hashes of so many pages of an array
//   5 page   template, id, field, first cell    -> count, contents
//   6 hosts  first host state                   -> whether there are more, count, names and hashes
//   7 dump   host state, offset                 -> bytes in all, a piece of the dump's text
// Hashes are 8 bytes. A content is 0 and the value; or, where it is long, 1, its size and hash; or
// of an array 2 and its hash. The answer to what makes no sense is empty.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/ids.hpp"
#include "canon/schema.hpp"
#include "canon/world.hpp"

namespace canon {

/// No answer is longer by more than what the names of host states take.
inline constexpr std::size_t kMostAnswerBytes = 64 * 1024;

/// Appends the answer of this state. Any thread, for a frozen world or a snapshot's.
void answer_state_question(const World& world, std::span<const std::uint8_t> question, Bytes& out);

struct StateDifference {
    std::string path;           ///< "soldier 4711 .hp", as World::dump names it
    std::string first, second;  ///< as World::dump shows them; "(none)" where there is none
    EntityId entity = {};       ///< 0 for what is of no entity
    TemplateIndex template_index = kNone;
    FieldIndex field = kNone;  ///< kNone where the whole entity is on one side only
    std::uint32_t cell = 0;    ///< of an array, from 0
};

/// "soldier 4711 .hp: 35 / 34"
std::string describe(const StateDifference& difference);

/// What compares. Call: `next`, ask both states, `take`, until `next` is false.
class StateDiff {
  public:
    /// Stops after so many differences.
    explicit StateDiff(const Schema& schema, std::size_t limit = 100);
    ~StateDiff();
    StateDiff(const StateDiff&) = delete;
    StateDiff& operator=(const StateDiff&) = delete;

    /// Sets the next question. False where there is none: all is known, or the limit reached.
    bool next(Bytes& question);
    /// Fails: throws canon::Error where an answer is not one to the question.
    void take(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second);

    /// By template, entity, field and cell; derived fields after all others, the host's states
    /// last.
    const std::vector<StateDifference>& differences() const noexcept { return found_; }
    bool is_cut() const noexcept { return cut_; }

  private:
    struct Task;
    struct Sides;

    void take_top(ByteReader& a, ByteReader& b);
    void take_ranges(const Task& task, ByteReader& a, ByteReader& b);
    void take_rows(const Task& task, ByteReader& a, ByteReader& b);
    void take_cells(const Task& task, ByteReader& a, ByteReader& b);
    void take_pages(const Task& task, ByteReader& a, ByteReader& b);
    void take_page(const Task& task, ByteReader& a, ByteReader& b);
    void take_hosts(const Task& task, ByteReader& a, ByteReader& b);
    void take_dump(const Task& task, ByteReader& a, ByteReader& b);
    void add(StateDifference difference);
    void push(Task task);
    std::string path_of(const Task& task, std::int64_t id) const;

    const Schema& schema_;
    std::size_t limit_;
    std::size_t next_template_ = 0;
    bool cut_ = false;
    std::vector<Task> tasks_;   // the last is next
    std::vector<Task> pushed_;  // by the answer that is being taken, the first is next
    std::unique_ptr<Task> asked_;
    std::vector<StateDifference> found_;
};

/// Both at hand.
struct StateComparison {
    std::vector<StateDifference> differences;
    bool cut = false;
};
/// Fails: throws canon::Error where the two have other templates.
StateComparison compare_states(const World& first, const World& second, std::size_t limit = 100);

}  // namespace canon
