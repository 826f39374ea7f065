#include "recording/frame_packing.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "canon/error.hpp"
#include "canon/hash.hpp"

namespace canon::replay {
namespace {

// What actions begin with; the others are kept as they are.
constexpr std::uint8_t kSet = 1;
constexpr std::uint8_t kAdd = 2;
constexpr std::uint8_t kEffectSet = 2;

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
constexpr std::size_t kMostPassed = 7;
constexpr std::uint8_t kOtherShape = 255;
constexpr std::uint32_t kMostName = 0x7FFFFFFF;

struct Content {
    std::uint8_t tag = 0;
    std::uint64_t bits = 0;               // of integers and floats
    std::span<const std::uint8_t> bytes;  // all of it

    bool is_integer() const noexcept { return tag == static_cast<std::uint8_t>(Tag::integer); }
    bool is_number() const noexcept { return tag == static_cast<std::uint8_t>(Tag::number); }
};

bool read_content(ByteReader& in, Content& out) {
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

void put_content(Bytes& out, const Content& content) {
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

bool is_same(const Content& a, const Content& b) noexcept {
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
std::uint64_t expected(const Contents::Entry& known, std::uint8_t tag) noexcept {
    if (known.count == 0 || known.tag != tag) return 0;
    if (known.count == 1) return known.last;
    if (tag == static_cast<std::uint8_t>(Tag::integer)) return 2 * known.last - known.before;
    const double last = std::bit_cast<double>(known.last);
    return std::bit_cast<std::uint64_t>(
        canonical(last + (last - std::bit_cast<double>(known.before))));
}

void know(Contents::Entry& known, const Content& content) noexcept {
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
bool sum_of(const Content& before, const Content& addend, Content& out) noexcept {
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

}  // namespace

struct FramePacker::Streams {
    std::array<Bytes, kStreams> of;
    Memory memory;

    void id(std::uint64_t entity) {
        of[kIds].put_zigzag(static_cast<std::int64_t>(entity - memory.entity));
        memory.entity = entity;
    }
    void content(const Content& content, Contents::Entry* known) {
        of[kTags].put(content.tag);
        const std::uint64_t line = known == nullptr ? 0 : expected(*known, content.tag);
        if (content.is_integer()) {
            of[kIntegers].put_zigzag(static_cast<std::int64_t>(content.bits - line));
        } else if (content.is_number()) {
            const std::uint64_t bits = content.bits ^ line;
            for (std::size_t plane = 0; plane < 8; ++plane)
                of[kPlanes + plane].put(static_cast<std::uint8_t>(bits >> (8 * plane)));
        } else if (content.bytes.size() > 1) {
            of[kRaw].append(content.bytes);
        }
    }
    bool action(ByteReader& in);
    bool job(ByteReader& in);
    bool effect(ByteReader& in, std::size_t& next);
};

FramePacker::FramePacker() : streams_(std::make_unique<Streams>()) {}
FramePacker::~FramePacker() = default;

void FramePacker::clear() {
    for (Bytes& stream : streams_->of) stream.clear();
    streams_->memory.clear();
}

bool FramePacker::Streams::action(ByteReader& in) {
    std::uint8_t operation = 0;
    in.byte(operation);
    of[kOps].put(operation);
    if (operation != kSet && operation != kAdd) {
        // The only ones of a job whose end nothing but the job's end tells: all of the rest.
        of[kRaw].put_varint(in.left());
        of[kRaw].append({in.position(), in.left()});
        return in.skip(in.left());
    }
    std::uint64_t entity = 0, name = 0;
    Content value;
    in.varint(entity);
    in.varint(name);
    if (name > kMostName) return in.fail("a name that cannot be");
    if (!read_content(in, value)) return false;
    id(entity);
    of[kNames].put_varint(name);
    if (operation == kSet) {
        Contents::Entry& known = memory.asked.at(entity, static_cast<std::uint32_t>(name));
        content(value, &known);
        know(known, value);
    } else {
        content(value, nullptr);
        Content bound;
        for (int i = 0; i < 2; ++i) {
            if (!read_content(in, bound)) return false;
            content(bound, nullptr);
        }
    }
    memory.actions.push_back({entity, value, operation == kAdd});
    return true;
}

bool FramePacker::Streams::job(ByteReader& in) {
    Job job;
    std::uint64_t hash = 0, size = 0;
    for (std::uint64_t* number :
         {&job.distance, &job.submission, &job.job, &job.round, &job.function})
        in.varint(*number);
    in.raw(&hash, sizeof hash);
    if (!in.count(size)) return false;
    const std::span<const std::uint8_t> actions{in.position(), static_cast<std::size_t>(size)};
    in.skip(static_cast<std::size_t>(size));
    if (job.follows(memory.job)) {
        of[kJobs].put_varint(job.job - memory.job.job);
    } else {
        of[kJobs].put_varint(0);
        for (const std::uint64_t number :
             {job.distance, job.submission, job.job, job.round, job.function})
            of[kJobs].put_varint(number);
    }
    memory.job = job;
    // The hash is that of the actions, unless hashes alone are recorded.
    const bool has_own_hash = actions.empty() || hash != hash_bytes(actions);
    std::uint64_t count = 0;
    const std::size_t ops = of[kOps].size();
    ByteReader each(actions);
    while (each.left() > 0)
        if (!action(each)) return in.fail("an action that is none");
    count = of[kOps].size() - ops;
    of[kJobs].put_varint(count * 2 + (has_own_hash ? 1 : 0));
    if (has_own_hash) of[kRaw].append(&hash, sizeof hash);
    return true;
}

bool FramePacker::Streams::effect(ByteReader& in, std::size_t& next) {
    const std::uint8_t* const begin = in.position();
    std::uint8_t kind = 0;
    std::uint64_t entity = 0;
    Shape shape;
    in.byte(kind);
    in.varint(entity);
    in.varint(shape.owner);
    if (kind != kEffectSet) {
        // As it is, up to its end.
        if (kind == 0) {
            std::uint64_t count = 0, field = 0;
            in.count(count, 2);
            for (std::uint64_t i = 0; i < count && !in.failed(); ++i) {
                in.varint(field);
                in.skip_value();
            }
        }
        if (in.failed()) return false;
        const std::span<const std::uint8_t> all{begin,
                                                static_cast<std::size_t>(in.position() - begin)};
        of[kShapes].put(kOtherShape);
        of[kRaw].put_varint(all.size());
        of[kRaw].append(all);
        return true;
    }
    Content before, after;
    in.varint(shape.field);
    in.varint(shape.cell);
    if (!read_content(in, before) || !read_content(in, after)) return false;
    const auto found = std::find(memory.shapes.begin(), memory.shapes.end(), shape);
    const auto index = static_cast<std::size_t>(found - memory.shapes.begin());
    // A new shape is told by the number that is next; past the last number, each time.
    of[kShapes].put(static_cast<std::uint8_t>(std::min<std::size_t>(index, kOtherShape - 1)));
    if (found == memory.shapes.end() || index >= kOtherShape - 1) {
        for (const std::uint64_t number : {shape.owner, shape.field, shape.cell})
            of[kRaw].put_varint(number);
        if (memory.shapes.size() < kOtherShape - 1) memory.shapes.push_back(shape);
    }
    Contents::Entry& known = memory.changed.at(entity, Memory::cell_key(shape));
    const bool tells_before =
        !(known.count > 0 && known.tag == before.tag && known.last == before.bits &&
          (before.is_integer() || before.is_number()));
    std::uint8_t code = kIsApart;
    for (std::size_t passed = 0; passed <= kMostPassed && next + passed < memory.actions.size();
         ++passed) {
        const Asked& asked = memory.actions[next + passed];
        if (asked.entity != entity) continue;
        Content sum;
        code = kIsOwn;
        if (!asked.is_sum && is_same(asked.content, after)) code = kIsSet;
        if (asked.is_sum && sum_of(before, asked.content, sum) && is_same(sum, after))
            code = kIsSum;
        code = static_cast<std::uint8_t>(code | passed << 2);
        next += passed + 1;
        break;
    }
    of[kCodes].put(static_cast<std::uint8_t>(code | (tells_before ? kTellsBefore : 0)));
    if ((code & 3) == kIsApart) id(entity);
    if (tells_before) content(before, nullptr);
    if (tells_before) know(known, before);
    if ((code & 3) == kIsOwn || (code & 3) == kIsApart) content(after, &known);
    know(known, after);
    return true;
}

bool FramePacker::add(const FrameBytes& frame) {
    Streams& streams = *streams_;
    streams.memory.begin_frame();
    std::uint64_t jobs = 0, effects = 0;
    ByteReader actions(frame.job_actions);
    for (; actions.left() > 0; ++jobs)
        if (!streams.job(actions)) return false;
    ByteReader in(frame.effects);
    std::size_t next = 0;
    for (; in.left() > 0; ++effects)
        if (!streams.effect(in, next)) return false;
    streams.of[kCounts].put_varint(jobs);
    streams.of[kCounts].put_varint(effects);
    return !actions.failed() && !in.failed();
}

void FramePacker::finish(Bytes& out) {
    for (const Bytes& stream : streams_->of) out.put_varint(stream.size());
    for (const Bytes& stream : streams_->of) out.append(stream.view());
    clear();
}

struct FrameUnpacker::Streams {
  public:
    void open(ByteReader& in, Bytes* actions, Bytes& effects) {
        actions_ = actions;
        effects_ = &effects;
        memory_.clear();
        std::array<std::uint64_t, kStreams> sizes{};
        std::uint64_t left = 0;
        for (std::uint64_t& size : sizes) {
            in.count(size);
            left += size;
        }
        if (left > in.left()) in.fail("more than there is");
        if (in.failed()) throw Error("packed frames: " + in.fail_text());
        for (std::size_t at = 0; at < kStreams; ++at) {
            of_[at] = ByteReader({in.position(), static_cast<std::size_t>(sizes[at])});
            in.skip(static_cast<std::size_t>(sizes[at]));
        }
    }

    void frame() {
        memory_.begin_frame();
        std::uint64_t jobs = 0, effects = 0;
        of_[kCounts].varint(jobs);
        of_[kCounts].varint(effects);
        check();
        for (; jobs > 0; --jobs) job();
        std::size_t next = 0;
        for (; effects > 0; --effects) effect(next);
    }

    void finish() {
        for (ByteReader& stream : of_)
            if (stream.left() != 0) stream.fail("more than the frames that are told");
        check();
    }

  private:
    // Each job, action and effect takes a byte of a stream at least, or fails here: no loop is
    // longer than the input. What is read of a stream that has failed is 0.
    void check() const {
        for (const ByteReader& stream : of_)
            if (stream.failed()) throw Error("packed frames: " + stream.fail_text());
        check_size();
    }
    // Of those that a step cannot do without a byte of.
    void check(Stream stream) const {
        if (of_[stream].failed()) check();
        check_size();
    }
    void check_size() const {
        if ((actions_ != nullptr ? actions_->size() : 0) + effects_->size() > kMostUnpackedBytes)
            throw Error("packed frames: more than " + std::to_string(kMostUnpackedBytes) +
                        " bytes unpacked");
    }

    std::uint64_t id() {
        std::int64_t distance = 0;
        of_[kIds].zigzag(distance);
        return memory_.entity += static_cast<std::uint64_t>(distance);
    }

    Content content(Contents::Entry* known) {
        Content content;
        of_[kTags].byte(content.tag);
        const std::uint64_t line = known == nullptr ? 0 : expected(*known, content.tag);
        if (content.is_integer()) {
            std::int64_t distance = 0;
            of_[kIntegers].zigzag(distance);
            content.bits = static_cast<std::uint64_t>(distance) + line;
        } else if (content.is_number()) {
            for (std::size_t plane = 0; plane < 8; ++plane) {
                std::uint8_t byte = 0;
                of_[kPlanes + plane].byte(byte);
                content.bits |= std::uint64_t{byte} << (8 * plane);
            }
            content.bits ^= line;
        } else {
            // What is more than a tag lies whole among the raw bytes.
            static constexpr std::uint8_t kTagsAlone[] = {0, 1, 2};
            if (content.tag <= static_cast<std::uint8_t>(Tag::yes)) {
                content.bytes = {&kTagsAlone[content.tag], 1};
            } else {
                ByteReader& raw = of_[kRaw];
                const std::uint8_t* const begin = raw.position();
                if (raw.left() == 0 || *begin != content.tag) raw.fail("another tag");
                raw.skip_value();
                content.bytes = {begin, static_cast<std::size_t>(raw.position() - begin)};
                if (raw.failed()) check();
            }
        }
        return content;
    }

    void job() {
        std::uint64_t distance = 0, count = 0;
        ByteReader& jobs = of_[kJobs];
        jobs.varint(distance);
        if (distance != 0)
            memory_.job.job += distance;
        else
            for (std::uint64_t* number :
                 {&memory_.job.distance, &memory_.job.submission, &memory_.job.job,
                  &memory_.job.round, &memory_.job.function})
                jobs.varint(*number);
        jobs.varint(count);
        check(kJobs);
        bytes_.clear();
        for (std::uint64_t i = 0; i < count / 2; ++i) action();
        std::uint64_t hash = 0;
        if (count % 2 == 1)
            of_[kRaw].raw(&hash, sizeof hash);
        else if (actions_ != nullptr)
            hash = hash_bytes(bytes_.view());
        if (actions_ == nullptr) return;
        const Job& job = memory_.job;
        for (const std::uint64_t number :
             {job.distance, job.submission, job.job, job.round, job.function})
            actions_->put_varint(number);
        actions_->append(&hash, sizeof hash);
        actions_->put_varint(bytes_.size());
        actions_->append(bytes_.view());
    }

    void action() {
        std::uint8_t operation = 0;
        of_[kOps].byte(operation);
        check(kOps);
        bytes_.put(operation);
        if (operation != kSet && operation != kAdd) {
            std::uint64_t size = 0;
            ByteReader& raw = of_[kRaw];
            if (raw.count(size)) bytes_.append({raw.position(), static_cast<std::size_t>(size)});
            raw.skip(static_cast<std::size_t>(size));
            check(kRaw);
            return;
        }
        const std::uint64_t entity = id();
        std::uint64_t name = 0;
        of_[kNames].varint(name);
        if (name > kMostName) of_[kNames].fail("a name that cannot be");
        check(kNames);
        bytes_.put_varint(entity);
        bytes_.put_varint(name);
        Content value;
        if (operation == kSet) {
            Contents::Entry& known = memory_.asked.at(entity, static_cast<std::uint32_t>(name));
            value = content(&known);
            know(known, value);
            put_content(bytes_, value);
        } else {
            value = content(nullptr);
            put_content(bytes_, value);
            for (int i = 0; i < 2; ++i) put_content(bytes_, content(nullptr));
        }
        memory_.actions.push_back({entity, value, operation == kAdd});
    }

    void effect(std::size_t& next) {
        std::uint8_t number = 0;
        ByteReader& raw = of_[kRaw];
        of_[kShapes].byte(number);
        check(kShapes);
        if (number == kOtherShape) {
            std::uint64_t size = 0;
            if (raw.count(size)) effects_->append({raw.position(), static_cast<std::size_t>(size)});
            raw.skip(static_cast<std::size_t>(size));
            check(kRaw);
            return;
        }
        Shape shape;
        if (number < memory_.shapes.size() && number < kOtherShape - 1) {
            shape = memory_.shapes[number];
        } else {
            for (std::uint64_t* part : {&shape.owner, &shape.field, &shape.cell}) raw.varint(*part);
            check(kRaw);
            if (memory_.shapes.size() < kOtherShape - 1) memory_.shapes.push_back(shape);
        }
        std::uint8_t code = 0;
        of_[kCodes].byte(code);
        check(kCodes);
        const std::uint8_t follow = code & 3;
        const bool tells_before = (code & kTellsBefore) != 0;
        const Asked* asked = nullptr;
        std::uint64_t entity;
        if (follow == kIsApart) {
            entity = id();
        } else {
            next += (code >> 2) & kMostPassed;
            if (next >= memory_.actions.size()) of_[kCodes].fail("an effect of no action");
            check(kCodes);
            asked = &memory_.actions[next++];
            entity = asked->entity;
        }
        Contents::Entry& known = memory_.changed.at(entity, Memory::cell_key(shape));
        Content before;
        if (tells_before) {
            before = content(nullptr);
        } else {
            if (known.count == 0) of_[kCodes].fail("a content before that nobody told");
            before.tag = known.tag;
            before.bits = known.last;
        }
        if (tells_before) know(known, before);
        Content after;
        if (follow == kIsSet)
            after = asked->content;
        else if (follow != kIsSum)
            after = content(&known);
        else if (!sum_of(before, asked->content, after))
            of_[kCodes].fail("a sum of what are no numbers");
        check(kCodes);
        know(known, after);
        effects_->put(kEffectSet);
        effects_->put_varint(entity);
        for (const std::uint64_t part : {shape.owner, shape.field, shape.cell})
            effects_->put_varint(part);
        put_content(*effects_, before);
        put_content(*effects_, after);
    }

    std::array<ByteReader, kStreams> of_ = make();
    static std::array<ByteReader, kStreams> make() {
        return []<std::size_t... at>(std::index_sequence<at...>) {
            return std::array<ByteReader, kStreams>{((void)at, ByteReader({}))...};
        }
        (std::make_index_sequence<kStreams>());
    }
    Memory memory_;
    Bytes* actions_ = nullptr;
    Bytes* effects_ = nullptr;
    Bytes bytes_;
};

FrameUnpacker::FrameUnpacker() : streams_(std::make_unique<Streams>()) {}
FrameUnpacker::~FrameUnpacker() = default;

void FrameUnpacker::unpack(ByteReader& in, std::uint32_t frames, Bytes* actions, Bytes& effects) {
    streams_->open(in, actions, effects);
    for (; frames > 0; --frames) streams_->frame();
    streams_->finish();
}

}  // namespace canon::replay
