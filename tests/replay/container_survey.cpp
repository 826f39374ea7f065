// Goal: the index tells of a recording what reading all of it tells.
// Method: files of several shapes are surveyed both ways.
#include <boost/test/unit_test.hpp>

#include "container/survey.hpp"
#include "replay/recordings.hpp"

using namespace canon;
using namespace canon::replay;
using namespace canon::test;

namespace {

Survey whole(const Content& file) {
    MemorySource source(file);
    return survey(source);
}

std::optional<Survey> indexed(const Content& file) {
    MemorySource source(file);
    return survey_by_index(source);
}

void check_same(const Content& file) {
    const Survey all = whole(file);
    const std::optional<Survey> some = indexed(file);
    BOOST_REQUIRE(some.has_value());
    BOOST_TEST(some->frames == all.frames);
    BOOST_TEST(some->keyframes == all.keyframes);
    BOOST_TEST(some->segments == all.segments);
    BOOST_TEST(some->holes == all.holes);
    BOOST_TEST(some->bytes == all.bytes);
    BOOST_REQUIRE(some->kinds.size() == all.kinds.size());
    std::uint64_t bytes = 0;
    for (const auto& [kind, sums] : all.kinds) {
        BOOST_TEST(some->kinds.at(kind).chunks == sums.chunks);
        BOOST_TEST(some->kinds.at(kind).stored == sums.stored);
        bytes += sums.stored;
    }
    BOOST_TEST(bytes == file.size());
    BOOST_REQUIRE(some->extents.size() == all.extents.size());
    for (std::size_t i = 0; i < all.extents.size(); ++i) {
        BOOST_TEST(some->extents[i].first.value == all.extents[i].first.value);
        BOOST_TEST(some->extents[i].behind_last.value == all.extents[i].behind_last.value);
        BOOST_TEST(some->extents[i].is_closed == all.extents[i].is_closed);
    }
}

Content repaired(const Content& file) {
    MemorySource source(file);
    MemorySink sink;
    repair(source, sink);
    return content_of(sink.view());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay_container_survey)

BOOST_AUTO_TEST_CASE(the_index_tells_what_reading_all_tells) {
    for (const std::uint32_t per_page : {1u, 3u, 4u, 512u}) {
        check_same(record({.chunks_per_page = per_page}));
        check_same(
            record({.first_frame = 1000, .compression_level = 3, .chunks_per_page = per_page}));
        check_same(record({.segment = 1, .chunks_per_page = per_page}) +
                   record({.segment = 2, .keyframes = 1}));
    }
}

BOOST_AUTO_TEST_CASE(frames_that_are_missing_in_a_repaired_file_are_gaps_of_its_index) {
    const Content file = record({});
    for (const std::uint32_t sequence : {2u, 7u, 12u}) {
        const Chunk lost = find_chunk(file, ChunkKind::frames, sequence);
        Content damaged = file;
        damaged[lost.offset + kHeaderBytes] ^= 1;
        const Content mended = repaired(damaged);
        check_same(mended);
        const auto found = indexed(mended);
        BOOST_REQUIRE(found->gaps.size() == 1u);
        BOOST_TEST(number(found->gaps[0].begin) ==
                   static_cast<std::int64_t>(lost.header.frames.first.value));
        BOOST_TEST(number(found->gaps[0].end) ==
                   static_cast<std::int64_t>(lost.header.frames.end().value));
    }
}

BOOST_AUTO_TEST_CASE(a_file_without_an_index_for_all_of_it_is_not_surveyed_by_one) {
    const Content file = record({});
    for (std::size_t size = 0; size < file.size(); ++size)
        BOOST_TEST(!indexed({file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)}));
    BOOST_TEST(!indexed(Content{1, 2, 3} + file));
    // A page that is damaged.
    for (const std::uint64_t at : boundaries(file)) {
        if (at == file.size()) break;
        MemorySource source(file);
        ChunkReader reader(source);
        reader.seek({at, 0, {}});
        BOOST_REQUIRE(reader.next() == Found::chunk);
        if (reader.chunk().header.kind != ChunkKind::index) continue;
        Content damaged = file;
        damaged[at + kHeaderBytes] ^= 1;
        BOOST_TEST(!indexed(damaged));
    }
}

BOOST_AUTO_TEST_SUITE_END()
