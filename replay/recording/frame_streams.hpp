// Frame streams: what packing and unpacking share: the streams, the contents in them, and what both
// know of the chunk so far. frame_packing.hpp tells the idea, docs/RECORDING.md the bytes.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "canon/bytes.hpp"

namespace canon::replay::frame_streams {

// What actions begin with; the others are kept as they are.
inline constexpr std::uint8_t kSet = 1;
inline constexpr std::uint8_t kAdd = 2;
inline constexpr std::uint8_t kEffectSet = 2;

enum Stream : std::size_t {
    kCounts,    // of each frame: jobs, effects
    kJobs,      // distance to the job before, or 0 and all of it; how many actions
    kOps,       // operation of each action
    kIds,       // distances of entities, of actions and effects
    kNames,     // fields of actions
    kTags,      // of contents
    kIntegers,  // zigzag
    kShapes,    // of effects: a number for each kind, template, field and cell
    kCodes,     // of effects: how they follow from actions
    kRaw,       // what is kept as it is, and explicit hashes
    kPlanes,    // eight of them: the bytes of floats, the lowest first
    kStreams = kPlanes + 8,
};

// How an effect follows: bits 0 and 1, then in bits 2 to 4 how many actions are passed over.
enum Follow : std::uint8_t {
    kIsSet = 0,    // the action's entity, and the content that it set
    kIsSum = 1,    // the action's entity, and the content before with its addend
    kIsOwn = 2,    // the action's entity, a content of its own
    kIsApart = 3,  // an entity of its own too
    kTellsBefore = 32,
};
inline constexpr std::size_t kMostPassed = 7;
inline constexpr std::uint8_t kOtherShape = 255;
inline constexpr std::uint32_t kMostName = 0x7FFFFFFF;

struct Content {
    std::uint8_t tag = 0;
    std::uint64_t bits = 0;               // of integers and floats
    std::span<const std::uint8_t> bytes;  // all of it

    bool is_integer() const noexcept { return tag == static_cast<std::uint8_t>(Tag::integer); }
    bool is_number() const noexcept { return tag == static_cast<std::uint8_t>(Tag::number); }
};

inline bool read_content(ByteReader& in, Content& out) {
    const std::uint8_t* const begin = in.position();
    out = {};
    if (in.left() == 0) return in.fail("truncated");
    out.tag = *begin;
    if (out.is_integer()) {
        std::int64_t integer = 0;
        in.skip(1);
        in.zigzag(integer);
        out.bits = static_cast<std::uint64_t>(integer);
    } else if (out.is_number()) {
        double number = 0;
        in.skip(1);
        in.number(number);
        out.bits = std::bit_cast<std::uint64_t>(number);
    } else {
        in.skip_value();
    }
    out.bytes = {begin, static_cast<std::size_t>(in.position() - begin)};
    return !in.failed();
}

inline void put_content(Bytes& out, const Content& content) {
    if (content.is_integer()) {
        out.put(content.tag);
        out.put_zigzag(static_cast<std::int64_t>(content.bits));
    } else if (content.is_number()) {
        out.put(content.tag);
        out.append(&content.bits, sizeof content.bits);
    } else {
        out.append(content.bytes);
    }
}

inline bool is_same(const Content& a, const Content& b) noexcept {
    if (a.tag != b.tag) return false;
    if (a.is_integer() || a.is_number()) return a.bits == b.bits;
    return std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end());
}

// What is known of the contents of fields so far in the chunk; by entity and field, open
// addressing.
class Contents {
  public:
    struct Entry {
        std::uint64_t entity = 0;
        std::uint32_t field = 0;
        std::uint32_t count = 0;  // how many contents are known, at most 2; 0: empty
        std::uint64_t last = 0, before = 0;
        std::uint8_t tag = 0;
    };

    Contents() : entries_(1024) {}

    void clear() {
        std::fill(entries_.begin(), entries_.end(), Entry{});
        used_ = 0;
    }

    // Only integers and floats are kept; valid until the next call.
    Entry& at(std::uint64_t entity, std::uint32_t field) {
        if ((used_ + 1) * 2 > entries_.size()) grow();
        Entry& entry = place(entity, field);
        if (entry.field == 0) {
            ++used_;
            entry.entity = entity;
            entry.field = field + 1;
        }
        return entry;
    }

  private:
    Entry& place(std::uint64_t entity, std::uint32_t field) {
        const std::size_t mask = entries_.size() - 1;
        std::size_t at =
            static_cast<std::size_t>(
                (entity * 0x9E3779B97F4A7C15ull + field * 0xC2B2AE3D27D4EB4Full) >> 20) &
            mask;
        while (entries_[at].field != 0 &&
               (entries_[at].entity != entity || entries_[at].field != field + 1))
            at = (at + 1) & mask;
        return entries_[at];
    }

    void grow() {
        std::vector<Entry> before(entries_.size() * 2);
        before.swap(entries_);
        for (const Entry& entry : before)
            if (entry.field != 0) place(entry.entity, entry.field - 1) = entry;
    }

    std::vector<Entry> entries_;  // `field` is one more than the field
    std::size_t used_ = 0;
};

// Where a straight line through what was known leads.
inline std::uint64_t expected(const Contents::Entry& known, std::uint8_t tag) noexcept {
    if (known.count == 0 || known.tag != tag) return 0;
    if (known.count == 1) return known.last;
    if (tag == static_cast<std::uint8_t>(Tag::integer)) return 2 * known.last - known.before;
    const double last = std::bit_cast<double>(known.last);
    return std::bit_cast<std::uint64_t>(
        canonical(last + (last - std::bit_cast<double>(known.before))));
}

inline void know(Contents::Entry& known, const Content& content) noexcept {
    if (!content.is_integer() && !content.is_number()) {
        known.count = 0;
        return;
    }
    if (known.count == 0 || known.tag != content.tag) {
        known.count = 1;
        known.tag = content.tag;
    } else {
        known.count = 2;
        known.before = known.last;
    }
    known.last = content.bits;
}

// An action that sets or adds, as effects follow from it.
struct Asked {
    std::uint64_t entity = 0;
    Content content;
    bool is_sum = false;
};

// As the world adds, without bounds: what is not that is told.
inline bool sum_of(const Content& before, const Content& addend, Content& out) noexcept {
    if (before.is_integer() && addend.is_integer()) {
        out = before;
        out.bits = before.bits + addend.bits;
        return true;
    }
    if (!before.is_number() || (!addend.is_number() && !addend.is_integer())) return false;
    const double number = addend.is_number()
                              ? std::bit_cast<double>(addend.bits)
                              : static_cast<double>(static_cast<std::int64_t>(addend.bits));
    out = before;
    out.bits = std::bit_cast<std::uint64_t>(canonical(std::bit_cast<double>(before.bits) + number));
    return true;
}

struct Job {
    std::uint64_t distance = 0, submission = 0, job = 0, round = 0, function = 0;
    bool follows(const Job& before) const noexcept {
        return distance == before.distance && submission == before.submission &&
               round == before.round && function == before.function && job > before.job;
    }
};

struct Shape {
    std::uint64_t owner = 0, field = 0, cell = 0;
    friend bool operator==(const Shape&, const Shape&) = default;
};

// What packing and unpacking both keep of the chunk so far.
struct Memory {
    Contents asked;    // by field name
    Contents changed;  // by template and field and cell
    std::vector<Shape> shapes;
    std::vector<Asked> actions;  // of the frame
    Job job;
    std::uint64_t entity = 0;

    void clear() {
        asked.clear();
        changed.clear();
        shapes.clear();
        job = {};
        entity = 0;
    }
    void begin_frame() {
        actions.clear();
        job = {};
    }
    static std::uint32_t cell_key(const Shape& shape) noexcept {
        return static_cast<std::uint32_t>((shape.owner * 0x9E3779B1u + shape.field) * 0x85EBCA77u +
                                          shape.cell) &
               kMostName;
    }
};

}  // namespace canon::replay::frame_streams
