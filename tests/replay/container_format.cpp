// Goal: the bytes of the format are what docs/RECORDING.md says, and a file of each version is read
// for ever. Method: the page's example is written and read; version_1.canon, which a writer of
// version 1 made, is read.
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <fstream>
#include <sstream>

#include "container/chunk_finder.hpp"
#include "replay/recordings.hpp"

using namespace canon;
using namespace canon::replay;
using namespace canon::test;

namespace {

constexpr std::uint64_t kSegment = 0x1122334455667788;

std::span<const std::uint8_t> bytes_of(const char* text) {
    return {reinterpret_cast<const std::uint8_t*>(text), std::strlen(text)};
}

std::string text_of(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

// The example of the page: lines of offset, bytes, and what they mean. Two blanks end the bytes.
Content example() {
    std::ifstream page("docs/RECORDING.md");
    std::string line;
    while (std::getline(page, line) && line != "```text hex") continue;
    Content content;
    while (std::getline(page, line) && line != "```") {
        if (line.empty()) continue;
        BOOST_TEST(std::stoul(line) == content.size(), "the offset of: " << line);
        std::string digits = line.substr(line.find(' '));
        digits.erase(0, digits.find_first_not_of(' '));
        std::istringstream bytes(digits.substr(0, digits.find("  ")));
        for (unsigned byte; bytes >> std::hex >> byte;)
            content.push_back(static_cast<std::uint8_t>(byte));
    }
    return content;
}

Content read_file(const char* path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay_container_format)

BOOST_AUTO_TEST_CASE(the_example_of_the_page_is_what_is_written) {
    MemorySink sink;
    ChunkWriter writer(sink, kSegment, {0, 512});
    writer.write(ChunkKind::meta, {{1}, 0}, bytes_of("hi"));
    writer.write(ChunkKind::frames, {{1}, 3}, bytes_of("abc"));
    writer.close();
    BOOST_TEST(content_of(sink.view()) == example(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_example_of_the_page_is_read) {
    const Content file = example();
    MemorySource source(file);
    ChunkReader reader(source);
    BOOST_REQUIRE(reader.next() == Found::chunk);
    BOOST_CHECK(reader.chunk().header.kind == ChunkKind::meta);
    BOOST_TEST(reader.chunk().header.segment == kSegment);
    BOOST_TEST(reader.chunk().header.frames.first.value == 1u);
    BOOST_TEST(text_of(reader.payload()) == "hi");
    BOOST_REQUIRE(reader.next() == Found::chunk);
    BOOST_CHECK(reader.chunk().header.kind == ChunkKind::frames);
    BOOST_CHECK(reader.chunk().relation == Relation::continues);
    BOOST_TEST(reader.chunk().header.frames.count == 3u);
    BOOST_TEST(text_of(reader.payload()) == "abc");
    BOOST_REQUIRE(reader.next() == Found::chunk);
    BOOST_CHECK(reader.chunk().header.kind == ChunkKind::index);
    BOOST_REQUIRE(reader.next() == Found::chunk);
    BOOST_CHECK(reader.chunk().header.kind == ChunkKind::end);
    BOOST_REQUIRE(reader.next() == Found::end);
    BOOST_CHECK(reader.tail().state == Tail::State::closed);
    ChunkFinder finder(source);
    BOOST_CHECK(finder.way() == ChunkFinder::Way::index);
    BOOST_TEST((finder.find_frames(Frame{3}) == Place{74, 0, Frame{1}}));
    BOOST_TEST((finder.find_start(Frame{3}) == Place{0, 0, Frame{1}}));
}

BOOST_AUTO_TEST_CASE(an_empty_chunk_has_72_bytes_and_an_end_104) {
    MemorySink sink;
    ChunkWriter writer(sink, 1);
    writer.write(ChunkKind::meta, {}, {});
    BOOST_TEST(sink.view().size() == 72u);
    writer.write(ChunkKind::frames, {{0}, 60}, {});
    BOOST_TEST(sink.view().size() == 144u);
    writer.close();
    const auto edges = boundaries(sink.view());
    BOOST_TEST(edges.back() - edges[edges.size() - 2] == 104u);
}

BOOST_AUTO_TEST_CASE(a_file_of_version_1_is_read) {
    const Content file = read_file("tests/replay/version_1.canon");
    const Reading reading = read_all(file);
    BOOST_TEST(reading.holes.size() == 0u);
    BOOST_CHECK(reading.tail.state == Tail::State::closed);
    BOOST_REQUIRE_EQUAL(reading.chunks.size(), 11u);
    std::string kinds;
    for (const Sealed& chunk : reading.chunks) kinds += kind_name(chunk.kind) + " ";
    BOOST_TEST(kinds == "META KEY FRAMES FRAMES NOTE META KEY FRAMES FRAMES NOTE kind 77 ");
    BOOST_TEST(text_of(reading.chunks[5].payload) == "name=golden of format version 1;seed=7;");
    BOOST_TEST(text_of(reading.chunks[6].payload) == std::string(300, 'k'));
    BOOST_TEST(text_of(reading.chunks[7].payload).substr(0, 18) == "frame 21;frame 22;");
    BOOST_TEST((reading.chunks[8].frames == FrameSpan{{31}, 10}));
    BOOST_TEST(text_of(reading.chunks[9].payload) ==
               "\xF5"
               "canon\r\n inside");
    BOOST_TEST(find_chunk(file, ChunkKind::note, 9).header.mask != 0);
    BOOST_CHECK(find_chunk(file, ChunkKind::key, 6).header.packing == ChunkHeader::Packing::zstd);
    MemorySource source(file);
    ChunkFinder finder(source);
    BOOST_CHECK(finder.way() == ChunkFinder::Way::index);
    const auto start = finder.find_start(Frame{40});
    BOOST_REQUIRE(start.has_value());
    BOOST_TEST(start->position.value == 21u);
    const auto summary = finder.segment_ending_at(file.size());
    BOOST_REQUIRE(summary.has_value());
    BOOST_TEST(summary->identity == 0x2026u);
    BOOST_TEST(summary->behind_last.value == 41u);
    BOOST_TEST(summary->behind_chunk == 11u);
}

BOOST_AUTO_TEST_SUITE_END()
