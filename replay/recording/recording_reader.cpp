#include "recording/recording_reader.hpp"

#include "canon/error.hpp"

namespace canon::replay {
namespace {

// What a keyframe may take in memory: more than any world that fits a machine of today's.
constexpr std::uint32_t kMostKeyParts = 1u << 14;

}  // namespace

RecordingReader::RecordingReader(ByteSource& source) : chunks_(source), finder_(source) {}

RecordingReader::Event RecordingReader::next() {
    for (;;) {
        if (has_frames_) {
            if (frames_.next(frame_)) return Event::frame;
            has_frames_ = false;
        }
        switch (chunks_.next()) {
            case Found::end:
                return Event::end;
            case Found::hole:
                parts_ = 0;
                return Event::hole;
            case Found::chunk:
                if (const std::optional<Event> event = take_chunk()) return *event;
                break;
        }
    }
}

std::optional<RecordingReader::Event> RecordingReader::take_chunk() {
    const Chunk& chunk = chunks_.chunk();
    segment_ = chunk.segment;
    offset_ = chunk.offset;
    switch (chunk.header.kind) {
        case ChunkKind::meta:
            meta_ = read_meta(chunks_.payload());
            parts_ = 0;
            return Event::meta;
        case ChunkKind::key:
            return take_key();
        case ChunkKind::frames: {
            const std::span<const std::uint8_t> payload = chunks_.payload();
            frames_payload_.clear();
            frames_payload_.append(payload);
            frames_.open(frames_payload_.view(), chunk.header.frames);
            has_frames_ = true;
            return {};
        }
        case ChunkKind::note:
            notes_ = read_notes(chunks_.payload());
            return Event::notes;
        case ChunkKind::index:
        case ChunkKind::end:
            return {};
    }
    if (!may_be_skipped(chunk.header.kind))
        throw Error(
            "the recording has chunks of " + kind_name(chunk.header.kind) +
            ", without which its frames cannot be understood: use a newer version of Canon");
    return {};
}

std::optional<RecordingReader::Event> RecordingReader::take_key() {
    const KeyPart part = read_key_part(chunks_.payload());
    if (part.part == 0) {
        if (part.parts > kMostKeyParts) throw Error("a keyframe of too many parts");
        parts_ = part.parts;
        next_part_ = 0;
        keyframe_.position = chunks_.chunk().header.position();
        keyframe_.state_hash = part.state_hash;
        keyframe_.chain = part.chain;
        keyframe_.saved.clear();
    }
    // A part whose beginning was lost, or that belongs to another: no keyframe.
    if (part.part != next_part_ || part.parts != parts_ ||
        part.state_hash != keyframe_.state_hash) {
        parts_ = 0;
        return {};
    }
    keyframe_.saved.append(part.saved);
    if (++next_part_ < parts_) return {};
    parts_ = 0;
    return Event::keyframe;
}

bool RecordingReader::seek(Frame frame, std::uint32_t segment) {
    const std::optional<Place> place = finder_.find_start(frame, segment);
    if (!place) return false;
    seek(*place);
    return true;
}

void RecordingReader::seek(const Place& place) {
    has_frames_ = false;
    parts_ = 0;
    chunks_.seek(place);
}

}  // namespace canon::replay
