// Payload: whatever the bytes, what reads a recording's payloads refuses them with an Error or
// reads something of a bounded size; and actions and effects that were packed come back as they
// were.
//
// Input: a byte for the reader, then its bytes.
#include <algorithm>
#include <vector>

#include "canon/effects.hpp"
#include "canon/error.hpp"
#include "canon/job_actions.hpp"
#include "fuzz/support/target.hpp"
#include "recording/frame_record.hpp"
#include "recording/meta.hpp"

namespace canon::fuzz {
namespace {

using namespace canon::replay;

bool is_same(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

void check_frames(Input bytes) {
    if (bytes.empty()) return;
    const FrameSpan span{{10}, bytes[0]};
    FramesReader reader;
    reader.open(bytes.subspan(1), span);
    FrameRecord record;
    Schema schema;
    std::uint32_t count = 0;
    while (reader.next(record)) {
        ++count;
        JobActionsReader jobs(record.job_actions, record.frame);
        for (JobActions job; jobs.next(job);) {
            ActionReader actions(job.actions, schema);
            for (Value action; actions.next(action);) {
            }
        }
        EffectReader effects(record.effects);
        for (Effect effect; effects.next(effect);) {
        }
    }
    expect(count == span.count, "all frames that are told are read");
}

// What is taken to be packed is what comes back.
void check_packing(Input bytes) {
    const std::size_t half = bytes.size() / 2;
    const Input actions = bytes.first(half), effects = bytes.subspan(half);
    FramePacker packer;
    if (!packer.add({actions, effects})) return;
    Bytes packed, actions_back, effects_back;
    packer.finish(packed);
    ByteReader in(packed.view());
    FrameUnpacker().unpack(in, 1, &actions_back, effects_back);
    // Of what is no canonical encoding, another of the same meaning may come back.
    const auto is_canonical = [&] {
        Bytes again;
        FramePacker other;
        if (!other.add({actions_back.view(), effects_back.view()})) return false;
        other.finish(again);
        return is_same(again.view(), packed.view());
    };
    expect(in.left() == 0 && is_canonical(), "packing what was unpacked gives the same streams");
}

void run(Input input) {
    if (input.empty()) return;
    const Input bytes = input.subspan(1);
    try {
        switch (input[0] % 5) {
            case 0:
                return check_frames(bytes);
            case 1:
                return check_packing(bytes);
            case 2: {
                const Meta meta = read_meta(bytes);
                Bytes out;
                write_meta(out, meta);
                const Meta again = read_meta(out.view());
                expect(again.seed == meta.seed && again.config == meta.config,
                       "META that was read writes the same");
                return;
            }
            case 3:
                read_key_part(bytes);
                return;
            default: {
                Bytes out;
                for (const FrameNotes& notes : read_notes(bytes)) write_notes(out, notes);
                expect(read_notes(out.view()).size() <= bytes.size(),
                       "notes that were read are read again");
                return;
            }
        }
    } catch (const Error&) {
        // Refused, as it should be.
    }
}

const Target kTarget("payload", "what META, KEY, FRAMES and NOTE chunks hold", run);

}  // namespace
}  // namespace canon::fuzz
