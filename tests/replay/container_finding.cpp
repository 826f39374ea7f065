// Goal: starts and frames are found by the index as they are without one. Method: every frame of
// recordings of several sizes is looked for in the file as it is, without its END, and with its
// beginning damaged; and in files whose index was bent.
#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "container/chunk_finder.hpp"
#include "replay/recordings.hpp"

using namespace canon;
using namespace canon::replay;
using namespace canon::test;

namespace {

using Way = ChunkFinder::Way;

// Counts what is read.
class CountingSource final : public ByteSource {
  public:
    explicit CountingSource(std::span<const std::uint8_t> bytes) : source_(bytes) {}
    std::uint64_t size() override { return source_.size(); }
    std::size_t read(std::uint64_t offset, std::span<std::uint8_t> out) override {
        reads += 1;
        return source_.read(offset, out);
    }
    const std::string& name() const noexcept override { return source_.name(); }
    int reads = 0;

  private:
    MemorySource source_;
};

// As it should be: from the list of chunks.
std::optional<Frame> start_for(const std::vector<Sealed>& chunks, Frame frame) {
    std::optional<Frame> found;
    for (const Sealed& chunk : chunks)
        if (chunk.kind == ChunkKind::key && chunk.frames.first <= frame) found = chunk.frames.first;
    return found;
}

void check_all_frames(const Content& file, const Script& script, std::uint32_t segment, Way way) {
    MemorySource source(file);
    ChunkFinder finder(source);
    BOOST_REQUIRE(finder.way() == way);
    const std::vector<Sealed> chunks = sealed_by(script);
    const std::uint64_t end = chunks.back().frames.end().value;
    for (std::uint64_t frame = 0; frame < end + 3; ++frame) {
        const auto start = finder.find_start(Frame{frame}, segment);
        const auto expected = start_for(chunks, Frame{frame});
        BOOST_REQUIRE_EQUAL(start.has_value(), expected.has_value());
        if (start) {
            BOOST_REQUIRE(start->position == *expected);
            ChunkReader reader(source);
            reader.seek(*start);
            BOOST_REQUIRE(reader.next() == Found::chunk);
            BOOST_REQUIRE(reader.chunk().header.kind == ChunkKind::meta);
            BOOST_REQUIRE_EQUAL(reader.chunk().segment, segment);
            BOOST_REQUIRE(reader.next() == Found::chunk);
            BOOST_REQUIRE(reader.chunk().header.kind == ChunkKind::key);
            BOOST_REQUIRE(reader.chunk().header.frames.first == *expected);
        }
        const auto place = finder.find_frames(Frame{frame}, segment);
        const bool is_there = frame >= script.first_frame && frame < end;
        BOOST_REQUIRE_EQUAL(place.has_value(), is_there);
        if (!place) continue;
        ChunkReader reader(source);
        reader.seek(*place);
        BOOST_REQUIRE(reader.next() == Found::chunk);
        BOOST_REQUIRE(reader.chunk().header.kind == ChunkKind::frames);
        BOOST_REQUIRE(reader.chunk().header.frames.first.value <= frame);
        BOOST_REQUIRE(frame < reader.chunk().header.frames.end().value);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay_container_finding)

BOOST_AUTO_TEST_CASE(a_frame_is_found_in_each_way_alike) {
    for (const int keyframes : {1, 2, 9, 40}) {
        for (const std::uint32_t page : {1u, 2u, 3u, 5u, 512u}) {
            const Script script{.first_frame = 5,
                                .keyframes = keyframes,
                                .frames = 3,
                                .compression_level = 3,
                                .chunks_per_page = page,
                                .payload_bytes = 8};
            const Content file = record(script);
            check_all_frames(file, script, 0, Way::index);
            Content open = file;
            open.resize(open.size() - 1);
            check_all_frames(open, script, 0, Way::headers);
            Content before(100, 0xF5);
            check_all_frames(before + open, script, 0, Way::scan);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_frame_is_found_in_each_segment) {
    const Script a{.keyframes = 4}, b{.segment = 2, .first_frame = 30}, c{.segment = 3};
    const Content file = record(a) + record(b) + record(c);
    check_all_frames(file, a, 0, Way::index);
    check_all_frames(file, b, 1, Way::index);
    check_all_frames(file, c, 2, Way::index);
    Content open = file;
    open.resize(open.size() - 1);
    check_all_frames(open, b, 1, Way::headers);
    check_all_frames(open, c, 2, Way::headers);
    MemorySource source(file);
    ChunkFinder finder(source);
    BOOST_TEST(!finder.find_start(Frame{10}, 3).has_value());
    const auto last = finder.segment_ending_at(file.size());
    BOOST_REQUIRE(last.has_value());
    BOOST_TEST(last->identity == 3u);
    BOOST_TEST(last->first.value == 1u);
    BOOST_TEST(last->behind_last.value == 61u);
    BOOST_TEST(last->behind_chunk == sealed_by(c).size());
    BOOST_TEST(!last->is_cut);
    const auto before = finder.segment_ending_at(last->begin);
    BOOST_REQUIRE(before.has_value());
    BOOST_TEST(before->identity == 2u);
}

BOOST_AUTO_TEST_CASE(a_damaged_start_is_passed_over) {
    const Script script{.keyframes = 6, .chunks_per_page = 3};
    const Content file = record(script);
    for (const ChunkKind kind : {ChunkKind::meta, ChunkKind::key}) {
        Content bent = file;
        for (const std::uint32_t number : {20u, 15u}) {  // of the fifth and fourth META
            const Chunk chunk = find_chunk(file, kind, number + (kind == ChunkKind::key ? 1u : 0u));
            bent[chunk.offset + kHeaderBytes + 5] ^= 1;
        }
        for (const bool is_closed : {true, false}) {
            if (!is_closed) bent.resize(bent.size() - 1);
            MemorySource source(bent);
            ChunkFinder finder(source);
            BOOST_CHECK(finder.way() == (is_closed ? Way::index : Way::headers));
            const auto start = finder.find_start(Frame{95});
            BOOST_REQUIRE(start.has_value());
            BOOST_TEST(start->position.value == 41u);
            const auto last = finder.find_start(Frame{101});
            BOOST_REQUIRE(last.has_value());
            BOOST_TEST(last->position.value == 101u);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_keyframe_of_several_chunks_is_a_start_if_each_is_whole) {
    MemorySink sink;
    ChunkWriter writer(sink, 1, {0, 1});
    const auto write_start = [&](std::uint64_t frame) {
        writer.write(ChunkKind::meta, {{frame}, 0}, {});
        for (int i = 0; i < 3; ++i)
            writer.write(ChunkKind::key, {{frame}, 0}, Content(20, static_cast<std::uint8_t>(i)));
        writer.write(ChunkKind::frames, {{frame}, 10}, {});
    };
    write_start(1);
    write_start(11);
    writer.close();
    Content file = content_of(sink.view());
    const auto start_of = [&](Frame frame) {
        MemorySource source(file);
        const auto start = ChunkFinder(source).find_start(frame);
        return start ? start->position.value : 0;
    };
    BOOST_TEST(start_of(Frame{15}) == 11u);
    for (std::uint32_t number = 6; number <= 8; ++number) {
        const Content whole = file;
        file[find_chunk(whole, ChunkKind::key, number).offset + kHeaderBytes + 3] ^= 1;
        BOOST_TEST(start_of(Frame{15}) == 1u);
        file = whole;
    }
}

BOOST_AUTO_TEST_CASE(a_damaged_index_costs_nothing_but_time) {
    const Script script{.keyframes = 4, .frames = 3, .chunks_per_page = 6};
    const Content file = record(script);
    for (const std::uint64_t offset : boundaries(file)) {
        if (offset == file.size()) break;
        const ChunkHeader header = *read_header(std::span(file).subspan(offset));
        if (header.kind != ChunkKind::index) continue;
        for (std::uint64_t at = 20; at < header.total_bytes(); at += at < kHeaderBytes ? 13 : 1) {
            Content bent = file;
            bent[offset + at] ^= 4;
            check_all_frames(bent, script, 0, Way::index);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_start_far_back_is_found_by_reading_few_pages) {
    const Script script{.keyframes = 1, .chunks = 4000, .payload_bytes = 8};
    const Content file = record(script);
    CountingSource source(file);
    BOOST_TEST(ChunkFinder(source).find_start(Frame{39'000}).has_value());
    BOOST_TEST(source.reads < 100);  // of 1,000 pages
}

BOOST_AUTO_TEST_CASE(a_frame_is_found_among_many_pages_by_reading_few) {
    const Script script{.keyframes = 2000, .chunks_per_page = 4, .payload_bytes = 8};
    const Content file = record(script);
    CountingSource source(file);
    ChunkFinder finder(source);
    for (const std::uint64_t frame : {1u, 20'000u, 39'999u}) {
        source.reads = 0;
        BOOST_TEST(finder.find_start(Frame{frame}).has_value());
        BOOST_TEST(source.reads < 150);  // of 2,500 pages
    }
}

BOOST_AUTO_TEST_CASE(a_page_reads_as_it_was_written) {
    IndexPage page;
    page.number = 300;
    page.links = {{900, {70}}, {500, {40}}, {72, {1}}};
    page.start = IndexLink{800, {60}};
    page.entries = {{910, ChunkKind::frames, {{70}, 10}}, {999, ChunkKind::note, {{75}, 5}}};
    Bytes bytes;
    write_page(bytes, page, 1500);
    IndexPage read;
    BOOST_REQUIRE(read_page(bytes.view(), 1500, read));
    BOOST_TEST((read == page));
    // Nearer to the beginning of the file its distances lead out of it.
    BOOST_TEST(!read_page(bytes.view(), 600, read));
    for (std::size_t size = 0; size < bytes.size(); ++size)
        BOOST_TEST(!read_page(bytes.view(0, size), 1500, read));
}

BOOST_AUTO_TEST_SUITE_END()
