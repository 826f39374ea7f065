#include <algorithm>
#include <array>

#include "canon/hash.hpp"
#include "recording/frame_packing.hpp"
#include "recording/frame_streams.hpp"

namespace canon::replay {

using namespace frame_streams;

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

}  // namespace canon::replay
