// Goal: what is packed is unpacked to the very bytes, and no bytes harm who unpacks them.
#include "recording/frame_packing.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "canon/error.hpp"
#include "canon/random.hpp"
#include "determinism/melee.hpp"
#include "determinism/random_programs.hpp"
#include "recording/frame_record.hpp"
#include "replay/recordings.hpp"

namespace canon::test {
namespace {

struct Frames {
    std::vector<Content> actions, effects;
};

Frames frames_of(const Scenario& scenario, ActionRecord level) {
    Frames frames;
    const auto simulation = start(scenario, 2);
    simulation->record_actions(level);
    simulation->record_effects(true);
    for (std::uint64_t frame = 0; frame < scenario.frames; ++frame) {
        const FrameReport& report = step(*simulation, scenario);
        frames.actions.push_back(content_of(report.job_actions));
        frames.effects.push_back(content_of(report.effects));
    }
    return frames;
}

Bytes packed(const Frames& frames, bool& all_packed) {
    replay::FramePacker packer;
    all_packed = true;
    for (std::size_t i = 0; i < frames.actions.size(); ++i)
        all_packed = packer.add({frames.actions[i], frames.effects[i]}) && all_packed;
    Bytes out;
    packer.finish(out);
    return out;
}

Content joined(const std::vector<Content>& parts) {
    Content all;
    for (const Content& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

void check_round_trip(const Frames& frames) {
    bool all_packed = false;
    const Bytes bytes = packed(frames, all_packed);
    BOOST_TEST_REQUIRE(all_packed);
    Bytes actions, effects, effects_alone;
    replay::FrameUnpacker unpacker;
    const auto count = static_cast<std::uint32_t>(frames.actions.size());
    ByteReader in(bytes.view());
    unpacker.unpack(in, count, &actions, effects);
    BOOST_TEST(in.left() == 0u);
    BOOST_TEST((content_of(actions.view()) == joined(frames.actions)));
    BOOST_TEST((content_of(effects.view()) == joined(frames.effects)));
    ByteReader again(bytes.view());
    unpacker.unpack(again, count, nullptr, effects_alone);
    BOOST_TEST((content_of(effects_alone.view()) == joined(frames.effects)));
}

BOOST_AUTO_TEST_SUITE(replay_packing)

BOOST_AUTO_TEST_CASE(the_bytes_of_random_programs_come_back) {
    for (std::uint64_t number = 0; number < 25; ++number) {
        BOOST_TEST_CONTEXT("program " << number) {
            check_round_trip(frames_of(random_program(number), ActionRecord::all));
            check_round_trip(frames_of(random_program(number), ActionRecord::hashes));
        }
    }
    check_round_trip(frames_of(melee(30), ActionRecord::all));
}

BOOST_AUTO_TEST_CASE(what_is_no_actions_or_effects_is_left_as_it_is) {
    replay::FramePacker packer;
    const Content odd = {1, 2, 3, 250, 7, 9};
    BOOST_TEST(!packer.add({odd, {}}));
    packer.clear();
    const Content torn = {2, 5};
    BOOST_TEST(!packer.add({{}, torn}));
    // The payload then goes into the chunk unpacked, and is read back.
    replay::FramesWriter writer(true);
    replay::FrameRecord record;
    record.frame = {7};
    record.job_actions = odd;
    record.effects = odd;
    writer.add(record);
    Bytes payload, stored;
    writer.finish(payload);
    replay::PayloadPacker().pack(payload.view(), {{7}, 1}, stored);
    BOOST_TEST((content_of(stored.view()) == content_of(payload.view())));
    replay::FramesReader reader;
    reader.open(stored.view(), {{7}, 1});
    replay::FrameRecord found;
    BOOST_TEST_REQUIRE(reader.next(found));
    BOOST_TEST((content_of(found.job_actions) == odd));
    BOOST_TEST((content_of(found.effects) == odd));
    BOOST_TEST(!reader.next(found));
}

// Method: bits flipped, bytes cut and numbers made huge, at random; whatever comes of it is an
// Error or other bytes of a bounded size.
BOOST_AUTO_TEST_CASE(damaged_streams_are_refused_or_bounded) {
    const Frames frames = frames_of(melee(20), ActionRecord::all);
    bool all_packed = false;
    const Bytes bytes = packed(frames, all_packed);
    RandomStream random(1, 77);
    const auto below = [&](std::size_t limit) {
        return static_cast<std::size_t>(
            random.next_integer(0, static_cast<std::int64_t>(limit) - 1));
    };
    replay::FrameUnpacker unpacker;
    int refused = 0;
    for (int i = 0; i < 3000; ++i) {
        Content damaged = content_of(bytes.view());
        switch (below(3)) {
            case 0:
                damaged[below(damaged.size())] ^= static_cast<std::uint8_t>(1u << below(8));
                break;
            case 1:
                damaged.resize(below(damaged.size()));
                break;
            default:
                for (int j = 0; j < 8; ++j) damaged[below(damaged.size())] = 0xFF;
        }
        Bytes actions, effects;
        ByteReader in(damaged);
        try {
            unpacker.unpack(in, static_cast<std::uint32_t>(frames.actions.size()), &actions,
                            effects);
        } catch (const Error&) {
            ++refused;
        }
        BOOST_TEST_REQUIRE(actions.size() + effects.size() < 100u * damaged.size() + 100'000);
    }
    BOOST_TEST(refused > 1000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
