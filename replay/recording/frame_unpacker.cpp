#include <array>
#include <string>
#include <utility>

#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "recording/frame_packing.hpp"
#include "recording/frame_streams.hpp"

namespace canon::replay {

using namespace frame_streams;

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
