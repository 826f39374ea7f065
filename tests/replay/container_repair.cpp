// Goal: a repaired file is whole and holds all that was whole; what is missing is told exactly.
// Method: files with damage of each kind are repaired and read.
#include <boost/test/unit_test.hpp>

#include "container/chunk_finder.hpp"
#include "replay/recordings.hpp"

using namespace canon;
using namespace canon::replay;
using namespace canon::test;

namespace {

using Class = Condition::Class;

struct Repaired {
    Condition condition;  ///< of what was repaired
    Content file;
    std::vector<Hole> holes;
    std::vector<Tail> tails;
};

Repaired repaired(const Content& file) {
    Repaired result;
    MemorySource source(file);
    MemorySink sink;
    result.condition = repair(source, sink,
                              {[&](const Hole& hole) { result.holes.push_back(hole); },
                               [&](const Tail& tail) { result.tails.push_back(tail); }});
    result.file = content_of(sink.view());
    return result;
}

Condition condition_of(const Content& file) {
    MemorySource source(file);
    return examine(source);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay_container_repair)

BOOST_AUTO_TEST_CASE(a_whole_file_is_clean_and_repaired_to_itself) {
    const Script script{.chunks_per_page = 512};
    const Repaired result =
        repaired(record(script) + record({.segment = 2, .chunks_per_page = 512}));
    BOOST_CHECK(result.condition.what == Class::clean);
    BOOST_TEST(result.condition.segments == 2u);
    BOOST_TEST(result.condition.chunks == 2 * sealed_by(script).size());
    BOOST_TEST(result.condition.frames == 120u);
    BOOST_TEST(result.condition.starts == 6u);
    BOOST_TEST(result.condition.unclosed == 0u);
    const Reading reading = read_all(result.file);
    BOOST_TEST(reading.chunks == read_all(record(script) + record(script)).chunks,
               boost::test_tools::per_element());
    BOOST_CHECK(condition_of(result.file).what == Class::clean);
}

BOOST_AUTO_TEST_CASE(every_prefix_is_repaired_to_a_clean_file_of_its_sealed_chunks) {
    const Content file = record({});
    for (std::size_t size = 1; size < file.size(); size += 3) {
        const Content prefix(file.begin(), file.begin() + static_cast<long>(size));
        const Repaired result = repaired(prefix);
        const Reading before = read_all(prefix), after = read_all(result.file);
        BOOST_REQUIRE(before.chunks == after.chunks);
        BOOST_REQUIRE_EQUAL(result.tails.size(), 1u);
        BOOST_REQUIRE(result.condition.what ==
                      (before.chunks.size() < 2 && result.condition.starts == 0 ? Class::unusable
                                                                                : Class::lossy));
        if (before.chunks.empty()) continue;
        BOOST_REQUIRE(after.tail.state == Tail::State::closed);
        BOOST_REQUIRE(condition_of(result.file).what == Class::clean);
    }
}

BOOST_AUTO_TEST_CASE(damage_in_the_middle_loses_what_is_damaged_and_stays_told) {
    const Script script{.keyframes = 4};
    const Content file = record(script);
    for (std::size_t at = 0; at < file.size(); at += 11) {
        Content bent = file;
        bent[at] ^= 0x10;
        const Reading before = read_all(bent);
        const Repaired result = repaired(bent);
        BOOST_REQUIRE(result.condition.what == Class::lossy);
        BOOST_REQUIRE_EQUAL(result.holes.size(), 1u);
        const Reading after = read_all(result.file);
        BOOST_REQUIRE(after.chunks == before.chunks);
        BOOST_REQUIRE(after.tail.state == Tail::State::closed);
        MemorySource source(result.file);
        BOOST_REQUIRE(ChunkFinder(source).way() == ChunkFinder::Way::index);
        // Told again, but for what nothing behind it tells.
        const Hole& hole = result.holes[0];
        const bool is_seen = hole.lost_chunks != 0u && hole.end != file.size();
        BOOST_REQUIRE_EQUAL(after.holes.size(), is_seen ? 1u : 0u);
        if (is_seen) {
            BOOST_REQUIRE(after.holes[0].lost_frames == hole.lost_frames);
            BOOST_REQUIRE(after.holes[0].begin == after.holes[0].end);
        }
        const Repaired again = repaired(result.file);
        BOOST_REQUIRE(again.file == result.file);
    }
}

BOOST_AUTO_TEST_CASE(a_cut_file_stays_known_as_cut) {
    MemorySink sink;
    ChunkWriter writer(sink, 1);
    writer.write(ChunkKind::meta, {}, {});
    writer.close(true);
    const Repaired result = repaired(content_of(sink.view()));
    BOOST_CHECK(result.condition.what == Class::clean);
    BOOST_TEST(result.file == content_of(sink.view()), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_segment_that_was_not_closed_makes_a_file_lossy) {
    Script open;
    open.is_closed = false;
    const Content file = record(open) + record({.segment = 2});
    BOOST_TEST(read_all(file).holes.size() == 0u);
    const Repaired result = repaired(file);
    BOOST_CHECK(result.condition.what == Class::lossy);
    BOOST_TEST(result.condition.unclosed == 1u);
    BOOST_CHECK(condition_of(result.file).what == Class::clean);
}

BOOST_AUTO_TEST_CASE(a_file_without_a_start_is_unusable) {
    const Script script{.keyframes = 1};
    Content file = record(script);
    file[find_chunk(file, ChunkKind::key, 1).offset + 9] ^= 1;
    const Repaired result = repaired(file);
    BOOST_CHECK(result.condition.what == Class::unusable);
    BOOST_TEST(result.condition.chunks == sealed_by(script).size() - 1);
    BOOST_TEST(read_all(result.file).chunks.size() == sealed_by(script).size() - 1);
    BOOST_CHECK(condition_of({}).what == Class::unusable);
}

BOOST_AUTO_TEST_CASE(a_recording_may_begin_without_a_keyframe) {
    MemorySink sink;
    ChunkWriter writer(sink, 1);
    writer.write(ChunkKind::meta, {{1}, 0}, {});
    writer.write(ChunkKind::frames, {{1}, 5}, {});
    writer.close();
    BOOST_CHECK(condition_of(content_of(sink.view())).what == Class::clean);
    MemorySource source(sink.view());
    const auto start = ChunkFinder(source).find_start(Frame{3});
    BOOST_REQUIRE(start.has_value());
    BOOST_TEST(start->offset == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
