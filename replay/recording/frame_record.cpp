#include "recording/frame_record.hpp"

#include <algorithm>

#include "canon/error.hpp"

namespace canon::replay {
namespace {

// Of a FRAMES payload's first byte.
constexpr std::uint8_t kEffects = 1;
constexpr std::uint8_t kPacked = 2;

// Of a frame: which of these follow.
enum Part : std::uint64_t {
    kActionHash = 1,
    kHostActions = 2,
    kInputs = 4,
    kKilled = 8,
    kJobActions = 16,
    kHasEffects = 32,
    kHostStates = 64,
    kHostAnswers = 128,
    kKnownParts = 255,
};

void put_hash(Bytes& out, std::uint64_t hash) { out.append(&hash, sizeof hash); }
bool read_hash(ByteReader& in, std::uint64_t& out) { return in.raw(&out, sizeof out); }

bool span_of(ByteReader& in, std::span<const std::uint8_t>& out) {
    std::uint64_t size;
    if (!in.count(size)) return false;
    out = {in.position(), static_cast<std::size_t>(size)};
    return in.skip(static_cast<std::size_t>(size));
}

bool text_of(ByteReader& in, std::string& out) {
    std::string_view text;
    if (!in.string(text)) return false;
    out = text;
    return true;
}

void put_stamp(Bytes& out, const Stamp& stamp) {
    out.put_varint(stamp.frame.value);
    for (const std::uint32_t number : {stamp.submission, stamp.job, stamp.round, stamp.index})
        out.put_varint(number);
}

bool read_stamp(ByteReader& in, Stamp& out) {
    return in.varint(out.frame.value) && in.varint32(out.submission) && in.varint32(out.job) &&
           in.varint32(out.round) && in.varint32(out.index);
}

bool read_kind(ByteReader& in, FaultKind& out) {
    std::uint8_t kind;
    if (!in.byte(kind)) return false;
    if (kind == 0 || kind > static_cast<std::uint8_t>(FaultKind::cancelled))
        return in.fail("a fault of no known kind");
    out = static_cast<FaultKind>(kind);
    return true;
}

bool read_flag(ByteReader& in, bool& out) {
    std::uint8_t byte;
    if (!in.byte(byte)) return false;
    out = byte != 0;
    return byte <= 1 || in.fail("a flag that is neither 0 nor 1");
}

void put_input(Bytes& out, const Input& input) {
    out.put_varint(input.source);
    out.put_varint(input.sequence);
    write_value(out, input.data);
}

bool read_input(ByteReader& in, Input& out) {
    return in.varint32(out.source) && in.varint(out.sequence) && read_value(in, out.data);
}

void put_host_action(Bytes& out, const HostAction& action) {
    out.put(static_cast<std::uint8_t>(action.kind));
    out.put_varint(static_cast<std::uint64_t>(action.id.value));
    if (action.kind == HostAction::Kind::cancel) return;
    out.put_string(action.job);
    if (action.kind == HostAction::Kind::submit) {
        write_value(out, action.argument);
        write_value(out, action.options.key);
        out.put_zigzag(action.options.priority);
        out.put_varint(action.options.delay);
        out.put_varint(action.options.deliver);
        return;
    }
    out.put_string(action.template_name);
    out.put_varint(action.each_options.every);
    out.put_varint(action.each_options.batch);
    out.put_zigzag(action.each_options.priority);
    out.put_varint(action.each_options.delay);
}

bool read_host_action(ByteReader& in, HostAction& out) {
    std::uint8_t kind;
    std::uint64_t id;
    if (!in.byte(kind) || !in.varint(id)) return false;
    if (kind > static_cast<std::uint8_t>(HostAction::Kind::cancel))
        return in.fail("a host's action of no known kind");
    out.kind = static_cast<HostAction::Kind>(kind);
    out.id.value = static_cast<std::int64_t>(id);
    if (out.kind == HostAction::Kind::cancel) return true;
    if (!text_of(in, out.job)) return false;
    if (out.kind == HostAction::Kind::submit)
        return read_value(in, out.argument) && read_value(in, out.options.key) &&
               in.zigzag(out.options.priority) && in.varint(out.options.delay) &&
               in.varint(out.options.deliver);
    return text_of(in, out.template_name) && in.varint32(out.each_options.every) &&
           in.varint32(out.each_options.batch) && in.zigzag(out.each_options.priority) &&
           in.varint(out.each_options.delay);
}

void put_killed(Bytes& out, const KilledRun& run) {
    out.put(static_cast<std::uint8_t>(run.kind));
    out.put(run.in_job);
    put_stamp(out, run.stamp);
    out.put_varint(run.run);
}

bool read_killed(ByteReader& in, KilledRun& out) {
    return read_kind(in, out.kind) && read_flag(in, out.in_job) && read_stamp(in, out.stamp) &&
           in.varint32(out.run);
}

template <class T, class Put>
void put_all(Bytes& out, const std::vector<T>& all, Put put) {
    out.put_varint(all.size());
    for (const T& one : all) put(out, one);
}

template <class T, class Read>
bool read_all(ByteReader& in, std::vector<T>& out, std::size_t least_bytes, Read read) {
    std::uint64_t count;
    if (!in.count(count, least_bytes)) return false;
    out.clear();
    for (std::uint64_t i = 0; i < count; ++i)
        if (!read(in, out.emplace_back())) return false;
    return true;
}

}  // namespace

void FramesWriter::clear() noexcept {
    count_ = 0;
    frames_.clear();
    actions_.clear();
    effects_.clear();
}

void FramesWriter::add(const FrameRecord& record) {
    ++count_;
    const auto if_any = [](bool any, Part part) { return any ? std::uint64_t{part} : 0; };
    const std::uint64_t parts = if_any(record.action_hash != 0, kActionHash) |
                                if_any(!record.host_actions.empty(), kHostActions) |
                                if_any(!record.inputs.empty(), kInputs) |
                                if_any(!record.killed.empty(), kKilled) |
                                if_any(!record.job_actions.empty(), kJobActions) |
                                if_any(!record.effects.empty(), kHasEffects) |
                                if_any(!record.host_states.empty(), kHostStates) |
                                if_any(!record.host_answers.empty(), kHostAnswers);
    frames_.put_varint(parts);
    put_hash(frames_, record.state_hash);
    put_hash(frames_, record.chain);
    if ((parts & kActionHash) != 0) put_hash(frames_, record.action_hash);
    if ((parts & kHostActions) != 0) put_all(frames_, record.host_actions, put_host_action);
    if ((parts & kInputs) != 0) put_all(frames_, record.inputs, put_input);
    if ((parts & kKilled) != 0) put_all(frames_, record.killed, put_killed);
    if ((parts & kHostAnswers) != 0) {
        frames_.put_varint(record.host_answers.size());
        frames_.append(record.host_answers);
    }
    if ((parts & kJobActions) != 0) {
        frames_.put_varint(record.job_actions.size());
        actions_.append(record.job_actions);
    }
    if (!with_effects_) return;
    put_hash(frames_, record.world_hash);
    frames_.put_varint(static_cast<std::uint64_t>(record.next_id.value));
    if ((parts & kHasEffects) != 0) {
        frames_.put_varint(record.effects.size());
        effects_.append(record.effects);
    }
    if ((parts & kHostStates) != 0)
        put_all(frames_, record.host_states, [](Bytes& out, const auto& state) {
            out.put_varint(state.first);
            out.put_varint(state.second.size());
            out.append(state.second);
        });
}

void FramesWriter::finish(Bytes& out) {
    out.put(with_effects_ ? kEffects : 0);
    for (const Bytes* part : {&frames_, &actions_, &effects_}) out.put_varint(part->size());
    for (const Bytes* part : {&frames_, &actions_, &effects_}) out.append(part->view());
    clear();
}

void FramesReader::open(std::span<const std::uint8_t> payload, FrameSpan frames) {
    frame_ = frames.first;
    left_ = frames.count;
    has_actions_ = true;
    ByteReader in(payload);
    std::uint8_t flags = 0;
    std::uint64_t sizes[3] = {};
    in.byte(flags);
    if (!in.failed() && flags > (kEffects | kPacked)) in.fail("flags that are not known");
    with_effects_ = (flags & kEffects) != 0;
    const auto part = [&](std::uint64_t size) {
        const std::uint8_t* const at = in.position();
        in.skip(static_cast<std::size_t>(size));
        return ByteReader({at, static_cast<std::size_t>(in.failed() ? 0 : size)});
    };
    if ((flags & kPacked) != 0) {
        if (!in.count(sizes[0])) refuse(in);
        frames_ = part(sizes[0]);
        has_actions_ = !leaves_out_actions_;
        unpacked_actions_.clear();
        unpacked_effects_.clear();
        unpacker_.unpack(in, frames.count, has_actions_ ? &unpacked_actions_ : nullptr,
                         unpacked_effects_);
        actions_ = ByteReader(unpacked_actions_.view());
        effects_ = ByteReader(unpacked_effects_.view());
    } else {
        for (std::uint64_t& size : sizes) in.count(size);
        if (!in.failed() && sizes[0] + sizes[1] + sizes[2] > in.left()) in.fail("another size");
        if (!in.failed()) {
            frames_ = part(sizes[0]);
            actions_ = part(sizes[1]);
            effects_ = part(sizes[2]);
        }
    }
    if (!in.failed() && in.left() != 0) in.fail("more than is told");
    if (in.failed()) refuse(in);
}

void PayloadPacker::pack(std::span<const std::uint8_t> payload, FrameSpan frames, Bytes& out) {
    reader_.open(payload, frames);
    FrameRecord record;
    packer_.clear();
    bool good = true;
    while (good && reader_.next(record)) good = packer_.add({record.job_actions, record.effects});
    if (!good) {
        packer_.clear();
        out.append(payload);
        return;
    }
    ByteReader in(payload);
    std::uint8_t flags = 0;
    std::uint64_t sizes[3] = {};
    in.byte(flags);
    for (std::uint64_t& size : sizes) in.count(size);
    out.put(flags | kPacked);
    out.put_varint(sizes[0]);
    out.append({in.position(), static_cast<std::size_t>(sizes[0])});
    packer_.finish(out);
}

void FramesReader::refuse(const ByteReader& in) const {
    throw Error("the record of frame " + std::to_string(frame_.value) +
                " is malformed: " + in.fail_text());
}

bool FramesReader::next(FrameRecord& out) {
    if (left_ == 0) {
        for (ByteReader* in : {&frames_, &actions_, &effects_})
            if (in->left() != 0) {
                in->fail("more than the frames that are told");
                refuse(*in);
            }
        return false;
    }
    --left_;
    out = FrameRecord{};
    out.frame = frame_;
    std::uint64_t parts = 0, size = 0;
    ByteReader& in = frames_;
    in.varint(parts);
    if (parts > kKnownParts) in.fail("parts that are not known");
    read_hash(in, out.state_hash);
    read_hash(in, out.chain);
    const auto take = [&](ByteReader& from, std::span<const std::uint8_t>& to) {
        if (!in.varint(size)) return;
        if (size > from.left()) {
            in.fail("more than there is");
            return;
        }
        to = {from.position(), static_cast<std::size_t>(size)};
        from.skip(static_cast<std::size_t>(size));
    };
    if ((parts & kActionHash) != 0) read_hash(in, out.action_hash);
    if ((parts & kHostActions) != 0) read_all(in, out.host_actions, 2, read_host_action);
    if ((parts & kInputs) != 0) read_all(in, out.inputs, 3, read_input);
    if ((parts & kKilled) != 0) read_all(in, out.killed, 8, read_killed);
    if ((parts & kHostAnswers) != 0) span_of(in, out.host_answers);
    if ((parts & kJobActions) != 0) {
        if (has_actions_)
            take(actions_, out.job_actions);
        else
            in.varint(size);
    }
    if (with_effects_) {
        std::uint64_t next_id = 0;
        read_hash(in, out.world_hash);
        in.varint(next_id);
        if (next_id > static_cast<std::uint64_t>(INT64_MAX)) in.fail("an id that cannot be");
        out.next_id.value = static_cast<std::int64_t>(next_id);
        if ((parts & kHasEffects) != 0) take(effects_, out.effects);
        if ((parts & kHostStates) != 0)
            read_all(in, out.host_states, 2, [](ByteReader& from, auto& state) {
                return from.varint32(state.first) && span_of(from, state.second);
            });
    } else if ((parts & (kHasEffects | kHostStates)) != 0) {
        in.fail("effects where none are recorded");
    }
    if (in.failed()) refuse(in);
    ++frame_.value;
    return true;
}

void write_key_part(Bytes& out, const KeyPart& part) {
    out.put_varint(part.part);
    out.put_varint(part.parts);
    put_hash(out, part.state_hash);
    put_hash(out, part.chain);
    out.append(part.saved);
}

KeyPart read_key_part(std::span<const std::uint8_t> payload) {
    ByteReader in(payload);
    KeyPart part;
    if (in.varint32(part.part) && in.varint32(part.parts) && read_hash(in, part.state_hash) &&
        read_hash(in, part.chain) && part.part >= part.parts)
        in.fail("a part beyond the last");
    if (in.failed()) throw Error("a keyframe is malformed: " + in.fail_text());
    part.saved = {in.position(), in.left()};
    return part;
}

void write_notes(Bytes& out, const FrameNotes& notes) {
    out.put_varint(notes.frame.value);
    put_all(out, notes.faults, [](Bytes& to, const Fault& fault) {
        to.put(static_cast<std::uint8_t>(fault.kind));
        to.put(fault.in_job);
        put_stamp(to, fault.stamp);
        to.put_zigzag(fault.line);
        for (const std::string* text :
             {&fault.function, &fault.message, &fault.chunk, &fault.traceback})
            to.put_string(*text);
    });
    put_all(out, notes.log, [](Bytes& to, const LogEntry& entry) {
        to.put(static_cast<std::uint8_t>(entry.level));
        to.put_string(entry.function);
        to.put_string(entry.text);
    });
}

std::vector<FrameNotes> read_notes(std::span<const std::uint8_t> payload) {
    ByteReader in(payload);
    std::vector<FrameNotes> all;
    while (in.left() > 0) {
        FrameNotes& notes = all.emplace_back();
        in.varint(notes.frame.value);
        const auto fault = [&](ByteReader& from, Fault& out) {
            std::int64_t line = 0;
            out.frame = notes.frame;
            const bool good = read_kind(from, out.kind) && read_flag(from, out.in_job) &&
                              read_stamp(from, out.stamp) && from.zigzag(line) &&
                              text_of(from, out.function) && text_of(from, out.message) &&
                              text_of(from, out.chunk) && text_of(from, out.traceback);
            if (line < 0 || line > INT32_MAX) return from.fail("a line that cannot be");
            out.line = static_cast<int>(line);
            return good;
        };
        const auto entry = [](ByteReader& from, LogEntry& out) {
            std::uint8_t level;
            if (!from.byte(level)) return false;
            if (level > static_cast<std::uint8_t>(LogLevel::error))
                return from.fail("a log level that is not known");
            out.level = static_cast<LogLevel>(level);
            return text_of(from, out.function) && text_of(from, out.text);
        };
        read_all(in, notes.faults, 12, fault);
        read_all(in, notes.log, 3, entry);
        if (in.failed()) throw Error("a note is malformed: " + in.fail_text());
    }
    return all;
}

}  // namespace canon::replay
