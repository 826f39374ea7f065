// Goal: a range that is cut out plays by itself, is clean, and nothing that stood behind it in the
// old file is ever joined to it. Method: every range of a small recording is cut out and read.
#include <boost/test/unit_test.hpp>

#include "recording/cut.hpp"
#include "recording/frame_record.hpp"
#include "recording/meta.hpp"
#include "recording/recording_reader.hpp"
#include "replay/recordings.hpp"

using namespace canon;
using namespace canon::replay;
using namespace canon::test;

namespace {

constexpr std::uint64_t kFrames = 24;
constexpr std::uint64_t kSpan = 12;  // from keyframe to keyframe
constexpr std::uint32_t kSealed = 4;

// Frames that are known by their hashes, with a log line for each, in chunks of 4.
Content small_recording() {
    MemorySink sink;
    ChunkWriter writer(sink, 0x5EED, {.compression_level = 0, .chunks_per_page = 3});
    Bytes payload;
    for (std::uint64_t first = 1; first <= kFrames; first += kSealed) {
        if (first % kSpan == 1) {
            payload.clear();
            Meta meta;
            meta.program_name = "small";
            write_meta(payload, meta);
            writer.write(ChunkKind::meta, {{first}, 0}, payload.view());
            payload.clear();
            write_key_part(payload, {0, 1, first - 1, 0, {}});
            writer.write(ChunkKind::key, {{first}, 0}, payload.view());
        }
        FramesWriter frames(true);
        Bytes notes;
        for (std::uint64_t frame = first; frame < first + kSealed; ++frame) {
            const std::uint8_t effects[] = {static_cast<std::uint8_t>(frame), 7};
            FrameRecord record;
            record.frame = {frame};
            record.state_hash = frame;
            record.effects = effects;
            frames.add(record);
            write_notes(notes, {{frame}, {}, {{LogLevel::info, "f", std::to_string(frame)}}});
        }
        payload.clear();
        frames.finish(payload);
        writer.write(ChunkKind::frames, {{first}, kSealed}, payload.view());
        writer.write(ChunkKind::note, {{first}, kSealed}, notes.view());
    }
    writer.close();
    return content_of(sink.view());
}

struct Played {
    std::uint64_t begin = 0;  // of the first keyframe
    std::vector<std::uint64_t> frames;
    std::vector<std::uint64_t> notes;
    int holes = 0;
};

Played play(const Content& file) {
    MemorySource source(file);
    RecordingReader reader(source);
    Played played;
    for (;;) switch (reader.next()) {
            case RecordingReader::Event::keyframe:
                if (played.begin == 0) played.begin = reader.keyframe().position.value;
                break;
            case RecordingReader::Event::frame:
                BOOST_TEST(reader.frame().state_hash == reader.frame().frame.value);
                BOOST_TEST(reader.frame().effects.size() == 2u);
                BOOST_TEST(reader.frame().effects[0] == reader.frame().frame.value);
                played.frames.push_back(reader.frame().frame.value);
                break;
            case RecordingReader::Event::notes:
                for (const FrameNotes& notes : reader.notes())
                    played.notes.push_back(notes.frame.value);
                break;
            case RecordingReader::Event::hole:
                ++played.holes;
                break;
            case RecordingReader::Event::meta:
                break;
            case RecordingReader::Event::end:
                return played;
        }
}

std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t number = first; number <= last; ++number) all.push_back(number);
    return all;
}

struct CutFile {
    CutResult result;
    Content file;
};

CutFile cut_of(const Content& file, const CutRange& range) {
    MemorySource source(file);
    MemorySink sink;
    CutFile made;
    made.result = cut(source, sink, range);
    made.file = content_of(sink.view());
    return made;
}

CutFile cut_of(const Content& file, std::uint64_t from, std::uint64_t to) {
    return cut_of(file, {Frame{from}, Frame{to}});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay_recording_cut)

BOOST_AUTO_TEST_CASE(every_range_begins_with_its_keyframe_and_ends_with_its_last_frame) {
    const Content file = small_recording();
    for (std::uint64_t from = 1; from <= kFrames; ++from)
        for (std::uint64_t to = from; to <= kFrames; ++to) {
            BOOST_TEST_CONTEXT("frames " << from << " to " << to) {
                const auto [result, made] = cut_of(file, from, to);
                const std::uint64_t first = (from - 1) / kSpan * kSpan + 1;
                const Played played = play(made);
                BOOST_TEST(played.begin == first);
                BOOST_TEST(played.frames == numbers(first, to), boost::test_tools::per_element());
                BOOST_TEST(played.notes == numbers(first, to), boost::test_tools::per_element());
                BOOST_TEST(played.holes == 0);
                BOOST_TEST(result.first.value == first);
                BOOST_TEST(result.last.value == to);
                BOOST_TEST(result.frames == to - first + 1);
                BOOST_TEST(result.is_cut == (to != kFrames));
                BOOST_TEST(result.sealed == (to % kSealed == 0 ? 0u : 2u));
                MemorySource source(made);
                BOOST_CHECK(examine(source).what == Condition::Class::clean);
            }
        }
    BOOST_CHECK(read_all(cut_of(file, {}).file).chunks == read_all(file).chunks);
}

BOOST_AUTO_TEST_CASE(chunks_of_a_cut_are_those_of_the_recording_but_for_the_last_ones) {
    const Content file = small_recording();
    const std::vector<Sealed> whole = read_all(file).chunks;
    BOOST_CHECK(is_part_of(read_all(cut_of(file, 5, 16).file).chunks, whole));
    const std::vector<Sealed> parted = read_all(cut_of(file, 5, 14).file).chunks;
    BOOST_CHECK(is_part_of({parted.begin(), parted.end() - 2}, whole));
    BOOST_CHECK(parted.back().frames == (FrameSpan{{13}, 2}));
}

BOOST_AUTO_TEST_CASE(what_came_behind_a_parted_chunk_does_not_continue_it) {
    const Content file = small_recording();
    const Content made = cut_of(file, 1, 3).file;
    // Without INDEX and END, then all that stood behind the FRAMES of 1 to 4.
    const Chunk parted = find_chunk(made, ChunkKind::note, 3);
    const Chunk behind = find_chunk(file, ChunkKind::note, 3);
    const std::uint64_t end = parted.offset + parted.header.total_bytes();
    for (const std::uint64_t begin : {behind.offset, behind.offset + behind.header.total_bytes()}) {
        Content joined(made.begin(), made.begin() + static_cast<std::ptrdiff_t>(end));
        joined.insert(joined.end(), file.begin() + static_cast<std::ptrdiff_t>(begin), file.end());
        const Reading reading = read_all(joined);
        BOOST_REQUIRE(reading.holes.size() == 1u);
        BOOST_CHECK(reading.holes[0].why == Hole::Why::foreign);
        BOOST_TEST(reading.before_hole[0] == 4u);
        BOOST_TEST(reading.segments.back() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_hole_in_a_cut_stays_the_only_one_also_before_a_parted_chunk) {
    Content file = small_recording();
    const Chunk lost = find_chunk(file, ChunkKind::frames, 4);  // frames 5 to 8
    file[lost.offset + kHeaderBytes] ^= 1;
    const auto [result, made] = cut_of(file, 1, 10);
    BOOST_TEST(result.holes == 1u);
    BOOST_TEST(result.frames == 6u);
    const Reading reading = read_all(made);
    BOOST_REQUIRE(reading.holes.size() == 1u);
    BOOST_TEST(number(reading.holes[0].lost_frames.begin) == 5);
    BOOST_TEST(number(reading.holes[0].lost_frames.end) == 9);
    BOOST_TEST(play(made).frames == (std::vector<std::uint64_t>{1, 2, 3, 4, 9, 10}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_part_of_a_chunk_may_be_directly_behind_a_hole) {
    Content file = small_recording();
    for (const Chunk& lost :
         {find_chunk(file, ChunkKind::frames, 4), find_chunk(file, ChunkKind::note, 5)})
        file[lost.offset + kHeaderBytes] ^= 1;
    const Reading reading = read_all(cut_of(file, 1, 10).file);
    BOOST_REQUIRE(reading.holes.size() == 1u);
    BOOST_CHECK(reading.holes[0].lost_chunks == std::uint64_t{2});
    BOOST_TEST(number(reading.holes[0].lost_frames.end) == 9);
}

BOOST_AUTO_TEST_CASE(a_cut_that_ends_where_a_frame_is_lost_names_the_frames_that_there_are) {
    Content file = small_recording();
    const Chunk lost = find_chunk(file, ChunkKind::frames, 4);
    file[lost.offset + kHeaderBytes] ^= 1;
    for (const auto& [from, to] : {std::pair(1, 6), {1, 8}, {25, 25}, {20, 30}})
        BOOST_CHECK_EXCEPTION(
            cut_of(file, static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to)),
            NotInRecording, [](const NotInRecording& error) {
                return std::string(error.what())
                    .ends_with("; there are the frames 1 to 4 and 9 to 24");
            });
}

BOOST_AUTO_TEST_CASE(a_cut_within_frames_that_make_no_sense_or_need_a_newer_reader_is_refused) {
    const auto recorded = [](ChunkKind kind, const Content& frames) {
        MemorySink sink;
        ChunkWriter writer(sink, 1);
        Bytes payload;
        write_meta(payload, Meta{});
        writer.write(ChunkKind::meta, {{1}, 0}, payload.view());
        payload.clear();
        write_key_part(payload, {});
        writer.write(ChunkKind::key, {{1}, 0}, payload.view());
        writer.write(ChunkKind::frames, {{1}, 4}, frames);
        writer.write(kind, {{1}, 4}, {});
        writer.close();
        return content_of(sink.view());
    };
    BOOST_CHECK_THROW(cut_of(recorded(ChunkKind::note, {1, 2, 3}), 1, 2), NoPart);
    FramesWriter frames(false);
    for (std::uint64_t frame = 1; frame <= 4; ++frame) {
        FrameRecord record;
        record.frame = {frame};
        frames.add(record);
    }
    Bytes payload;
    frames.finish(payload);
    const Content four = content_of(payload.view());
    BOOST_CHECK_THROW(cut_of(recorded(ChunkKind{200}, four), 1, 2), NoPart);
    BOOST_TEST(read_all(cut_of(recorded(ChunkKind{200}, four), 1, 4).file).chunks.size() == 4u);
    BOOST_TEST(read_all(cut_of(recorded(ChunkKind{100}, four), 1, 2).file).chunks.size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
