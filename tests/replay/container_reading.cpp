// Goal: a reader of chunks gives what is whole, all of it and nothing else, and says what is
// missing. Method: recordings of a few chunks are cut, bent, joined and emptied in every way there
// is for their size.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <string>

#include "canon/hash.hpp"
#include "replay/recordings.hpp"

using namespace canon;
using namespace canon::replay;
using namespace canon::test;

namespace {

constexpr std::size_t kRawSize = 44, kHash = 64;  // places in a header

// Changes `count` bytes at `offset` of the header at `chunk` and makes its hash right again.
void forge(Content& file, std::uint64_t chunk, std::size_t offset, Content bytes) {
    std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<long>(chunk + offset));
    const std::uint64_t hash = hash_bytes(std::span(file).subspan(chunk, kHash));
    std::memcpy(file.data() + chunk + kHash, &hash, sizeof hash);
}

Content without(const Content& file, std::uint64_t begin, std::uint64_t end) {
    Content rest(file.begin(), file.begin() + static_cast<long>(begin));
    rest.insert(rest.end(), file.begin() + static_cast<long>(end), file.end());
    return rest;
}

// The chunks of `script` from `begin` on and before `end`, closed, as `canon cut` would make it.
Content cut(const Script& script, std::size_t begin, std::size_t end, bool is_cut = true) {
    const Content file = record(script);
    MemorySource source(file);
    ChunkReader reader(source);
    MemorySink sink;
    ChunkWriter writer(sink, script.segment, {0, script.chunks_per_page});
    std::size_t at = 0;
    while (reader.next() == Found::chunk) {
        const ChunkHeader& header = reader.chunk().header;
        if (is_bookkeeping(header.kind)) continue;
        if (at >= begin && at < end) writer.copy(header, reader.stored());
        ++at;
    }
    writer.close(is_cut);
    return content_of(sink.view());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay_container_reading)

BOOST_AUTO_TEST_CASE(what_was_written_is_read) {
    for (const int level : {0, 3}) {
        for (const std::uint32_t size : {0u, 1u, 40u, 5000u}) {
            const Script script{.compression_level = level, .payload_bytes = size};
            const Reading reading = read_all(record(script));
            BOOST_TEST(reading.chunks == sealed_by(script), boost::test_tools::per_element());
            BOOST_TEST(reading.holes.size() == 0u);
            BOOST_CHECK(reading.tail.state == Tail::State::closed);
            BOOST_TEST(std::count(reading.segments.begin(), reading.segments.end(), 0u) ==
                       static_cast<long>(reading.chunks.size()));
        }
    }
}

BOOST_AUTO_TEST_CASE(every_prefix_yields_exactly_the_sealed_chunks) {
    const Script script;
    const Content file = record(script);
    const std::vector<Sealed> all = sealed_by(script);
    const std::vector<std::uint64_t> edges = boundaries(file);
    for (std::size_t size = 0; size <= file.size(); ++size) {
        const Reading reading = read_all(std::span(file).first(size));
        std::size_t whole = 0;
        for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
            if (edges[i + 1] > size) break;
            whole += !is_bookkeeping(read_header(std::span(file).subspan(edges[i]))->kind);
        }
        const bool is_edge = std::find(edges.begin(), edges.end(), size) != edges.end();
        const Tail::State expected = size == file.size() ? Tail::State::closed
                                     : is_edge || !size  ? Tail::State::open
                                                         : Tail::State::torn;
        BOOST_REQUIRE(reading.holes.empty());
        BOOST_REQUIRE_EQUAL(reading.chunks.size(), whole);
        BOOST_REQUIRE(std::equal(reading.chunks.begin(), reading.chunks.end(), all.begin()));
        BOOST_REQUIRE(reading.tail.state == expected);
        BOOST_REQUIRE_EQUAL(reading.tail.end, size);
    }
}

BOOST_AUTO_TEST_CASE(every_bit_flip_is_detected_and_never_yields_another_sequence) {
    for (const int level : {0, 3}) {
        const Script script{.keyframes = 2, .compression_level = level, .payload_bytes = 48};
        const Content file = record(script);
        const std::vector<Sealed> all = sealed_by(script);
        for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
            Content bent = file;
            bent[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
            const Reading reading = read_all(bent);
            BOOST_REQUIRE_MESSAGE(reading.holes.size() == 1, "bit " << bit);
            const Hole& hole = reading.holes[0];
            BOOST_REQUIRE_MESSAGE(hole.begin <= bit / 8 && bit / 8 < hole.end, "bit " << bit);
            BOOST_REQUIRE_MESSAGE(reading.chunks.size() + 1 >= all.size(), "bit " << bit);
            BOOST_REQUIRE_MESSAGE(is_part_of(reading.chunks, all), "bit " << bit);
            // Which frames: just those of the chunk, or not told since nothing comes behind it.
            std::vector<Sealed> lost = all;
            for (const Sealed& chunk : reading.chunks) std::erase(lost, chunk);
            if (hole.lost_chunks) BOOST_REQUIRE_EQUAL(*hole.lost_chunks, lost.size());
            if (hole.lost_frames.begin && hole.lost_frames.end) {
                const bool has_frames = !lost.empty() && lost[0].kind == ChunkKind::frames;
                const FrameSpan frames = has_frames ? lost[0].frames : FrameSpan{};
                BOOST_REQUIRE_MESSAGE(hole.lost_frames.are_none() == !has_frames, "bit " << bit);
                if (has_frames) {
                    BOOST_REQUIRE(*hole.lost_frames.begin == frames.first);
                    BOOST_REQUIRE(*hole.lost_frames.end == frames.end());
                }
            } else {
                BOOST_REQUIRE_MESSAGE(hole.end == file.size(), "bit " << bit);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_hole_tells_its_bytes_its_chunks_and_its_frames) {
    const Script script{.keyframes = 4, .chunks = 3};
    const Content file = record(script);
    const std::vector<Sealed> all = sealed_by(script);
    // Each run of one to seven chunks is emptied, every one of its bytes, or taken out.
    const std::vector<std::uint64_t> edges = boundaries(file);
    std::vector<std::optional<std::size_t>> number_at;
    for (std::size_t i = 0, content = 0; i + 1 < edges.size(); ++i) {
        const bool is_content =
            !is_bookkeeping(read_header(std::span(file).subspan(edges[i]))->kind);
        number_at.push_back(is_content ? std::optional(content++) : std::nullopt);
    }
    for (std::size_t first = 1; first + 2 < edges.size(); ++first) {
        for (std::size_t last = first; last < first + 7 && last + 2 < edges.size(); ++last) {
            std::vector<Sealed> lost;
            for (std::size_t i = first; i <= last; ++i)
                if (number_at[i]) lost.push_back(all[*number_at[i]]);
            std::uint64_t lost_frames = 0;
            for (const Sealed& chunk : lost)
                if (chunk.kind == ChunkKind::frames) lost_frames += chunk.frames.count;
            Content emptied = file;
            std::fill(emptied.begin() + static_cast<long>(edges[first]),
                      emptied.begin() + static_cast<long>(edges[last + 1]), std::uint8_t{0});
            for (const bool is_emptied : {true, false}) {
                const Reading reading =
                    read_all(is_emptied ? emptied : without(file, edges[first], edges[last + 1]));
                // Taking out what belongs to the file only leaves no trace, and nothing to miss.
                if (!is_emptied && lost.empty()) {
                    BOOST_TEST(reading.holes.size() == 0u);
                    continue;
                }
                BOOST_REQUIRE_EQUAL(reading.holes.size(), 1u);
                const Hole& hole = reading.holes[0];
                BOOST_TEST(hole.begin == edges[first]);
                BOOST_TEST(hole.end == edges[is_emptied ? last + 1 : first]);
                BOOST_CHECK(hole.why == (is_emptied ? Hole::Why::damaged : Hole::Why::missing));
                BOOST_TEST((hole.lost_chunks == lost.size()));
                BOOST_REQUIRE(hole.lost_frames.begin && hole.lost_frames.end);
                BOOST_TEST(hole.lost_frames.end->value - hole.lost_frames.begin->value ==
                           lost_frames);
                if (lost_frames != 0) {
                    const auto at = std::find_if(lost.begin(), lost.end(), [](const Sealed& c) {
                        return c.kind == ChunkKind::frames;
                    });
                    BOOST_TEST((*hole.lost_frames.begin == at->frames.first));
                }
                BOOST_TEST(reading.chunks.size() == all.size() - lost.size());
                BOOST_TEST(is_part_of(reading.chunks, all));
                BOOST_TEST(reading.segments.back() == 0u);
                BOOST_CHECK(reading.tail.state == Tail::State::closed);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(bytes_taken_out_or_put_in_cost_only_the_chunks_around) {
    const Script script{.keyframes = 2};
    const Content file = record(script);
    const std::vector<Sealed> all = sealed_by(script);
    for (const std::size_t count : {1u, 7u, 60u, 130u}) {
        for (std::size_t at = 0; at + count <= file.size(); at += 3) {
            const Reading fewer = read_all(without(file, at, at + count));
            BOOST_REQUIRE(is_part_of(fewer.chunks, all));
            BOOST_REQUIRE(!fewer.holes.empty() || fewer.tail.state == Tail::State::torn);
            BOOST_REQUIRE(fewer.chunks.size() + 2 + count / kHeaderBytes >= all.size());
            Content more = file;
            more.insert(more.begin() + static_cast<long>(at), count, std::uint8_t{0xF5});
            const Reading with_more = read_all(more);
            BOOST_REQUIRE(is_part_of(with_more.chunks, all));
            BOOST_REQUIRE(!with_more.holes.empty());
            BOOST_REQUIRE(with_more.chunks.size() + 1 >= all.size());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_lost_beginning_is_told) {
    const Script script;
    Content file = record(script);
    file[3] ^= 1;
    Reading reading = read_all(file);
    BOOST_REQUIRE_EQUAL(reading.holes.size(), 1u);
    BOOST_TEST((reading.holes[0].lost_chunks == 1u));
    BOOST_TEST(reading.holes[0].lost_frames.are_none());
    // The first three chunks: nobody knows where the recording began.
    reading = read_all(without(record(script), 0, boundaries(record(script))[3]));
    BOOST_REQUIRE_EQUAL(reading.holes.size(), 1u);
    BOOST_CHECK(reading.holes[0].why == Hole::Why::missing);
    BOOST_TEST(number(reading.holes[0].lost_frames.begin) == -1);
    BOOST_TEST(number(reading.holes[0].lost_frames.end) == 11);
    BOOST_TEST(!reading.holes[0].lost_chunks);
}

BOOST_AUTO_TEST_CASE(at_the_end_whole_headers_tell_what_is_lost) {
    Script script{.keyframes = 2, .chunks_per_page = 512};
    script.is_closed = false;
    Content file = record(script);
    file.resize(find_chunk(file, ChunkKind::note, 9).offset);
    for (const std::uint32_t number : {7u, 8u})
        file[find_chunk(record(script), ChunkKind::frames, number).offset + kHeaderBytes] ^= 1;
    const Reading reading = read_all(file);
    BOOST_REQUIRE_EQUAL(reading.holes.size(), 1u);
    BOOST_TEST((reading.holes[0].lost_chunks == 2u));
    BOOST_TEST(describe(reading.holes[0].lost_frames) == "frames 21 to 40");
    // With the header of one gone too nobody knows.
    file[find_chunk(record(script), ChunkKind::frames, 7).offset] ^= 1;
    const Reading less = read_all(file);
    BOOST_REQUIRE_EQUAL(less.holes.size(), 1u);
    BOOST_TEST(!less.holes[0].lost_chunks);
    BOOST_TEST(describe(less.holes[0].lost_frames) ==
               "the frames from 21 on, nobody knows how many");
}

BOOST_AUTO_TEST_CASE(a_payload_that_does_not_unpack_is_an_error_and_the_reader_goes_on) {
    const Script script{.compression_level = 3, .payload_bytes = 5000};
    for (const bool is_longer : {true, false}) {
        Content file = record(script);
        const Chunk chunk = find_chunk(file, ChunkKind::key, 1);
        forge(file, chunk.offset, kRawSize,
              {is_longer ? std::uint8_t{0x89} : std::uint8_t{0x87}, 0x13});
        MemorySource source(file);
        ChunkReader reader(source);
        int errors = 0, chunks = 0;
        for (Found found; (found = reader.next()) != Found::end;) {
            if (found == Found::hole) continue;  // the chain is broken, too
            ++chunks;
            try {
                reader.payload();
            } catch (const Error& error) {
                ++errors;
                BOOST_TEST(std::string(error.what()).find("a KEY chunk of a recording does not") ==
                           0u);
            }
        }
        BOOST_TEST(errors == 1);
        BOOST_TEST(static_cast<std::size_t>(chunks) == boundaries(record(script)).size() - 1);
    }
}

BOOST_AUTO_TEST_CASE(files_put_one_behind_the_other_are_segments) {
    const Script script, other{.segment = 7, .first_frame = 100};
    Script open = script;
    open.is_closed = false;
    const std::vector<Sealed> a = sealed_by(script), b = sealed_by(other);
    struct Case {
        Content file;
        std::vector<Sealed> chunks;
    };
    std::vector<Sealed> ab = a, aa = a;
    ab.insert(ab.end(), b.begin(), b.end());
    aa.insert(aa.end(), a.begin(), a.end());
    for (const Case& joined :
         {Case{record(script) + record(other), ab}, Case{record(open) + record(other), ab},
          Case{record(script) + record(script), aa}, Case{record(open) + record(open), aa}}) {
        const Reading reading = read_all(joined.file);
        BOOST_TEST(reading.holes.size() == 0u);
        BOOST_TEST(reading.chunks == joined.chunks, boost::test_tools::per_element());
        for (std::size_t i = 0; i < reading.segments.size(); ++i)
            BOOST_TEST(reading.segments[i] == (i < a.size() ? 0u : 1u));
    }
    // A torn file before: a hole between the segments.
    Content torn = record(open);
    torn.resize(torn.size() - 5);
    const Reading reading = read_all(torn + record(other));
    BOOST_REQUIRE_EQUAL(reading.holes.size(), 1u);
    BOOST_TEST(reading.holes[0].segment == 0u);
    BOOST_TEST(number(reading.holes[0].lost_frames.begin) == 61);
    BOOST_TEST(reading.chunks.size() == ab.size() - 1);
    BOOST_TEST(reading.segments.back() == 1u);
}

BOOST_AUTO_TEST_CASE(a_hole_between_two_recordings_of_the_same_session_is_not_joined_over) {
    // The same program, the same frames; only the identity differs.
    const Script script{.segment = 1}, other{.segment = 2};
    const Content first = record(script), second = record(other);
    const std::uint64_t from = find_chunk(first, ChunkKind::frames, 3).offset;
    const std::uint64_t to = find_chunk(second, ChunkKind::frames, 7).offset;
    const Content file = without(first + second, from, first.size() + to);
    const Reading reading = read_all(file);
    BOOST_REQUIRE_EQUAL(reading.holes.size(), 1u);
    BOOST_TEST(number(reading.holes[0].lost_frames.begin) == 11);
    BOOST_TEST(number(reading.holes[0].lost_frames.end) == -1);
    BOOST_TEST(reading.segments.front() == 0u);
    BOOST_TEST(reading.segments.back() == 1u);
}

BOOST_AUTO_TEST_CASE(a_chunk_that_was_exchanged_breaks_the_chain) {
    // Two recordings of one identity that differ in a payload: as one would make to deceive.
    Script script;
    const Content file = record(script);
    script.payload_bytes = 41;
    const Content other = record(script);
    const Chunk own = find_chunk(file, ChunkKind::frames, 7);
    const Chunk strange = find_chunk(other, ChunkKind::frames, 7);
    Content forged = file;
    const auto at = forged.begin() + static_cast<long>(own.offset);
    forged.erase(at, at + static_cast<long>(own.header.total_bytes()));
    forged.insert(forged.begin() + static_cast<long>(own.offset),
                  other.begin() + static_cast<long>(strange.offset),
                  other.begin() + static_cast<long>(strange.offset + strange.header.total_bytes()));
    const Reading reading = read_all(forged);
    BOOST_REQUIRE_EQUAL(reading.holes.size(), 2u);
    BOOST_CHECK(reading.holes[0].why == Hole::Why::foreign);
    BOOST_CHECK(reading.holes[1].why == Hole::Why::foreign);
    BOOST_TEST(reading.before_hole[0] == 7u);
    BOOST_TEST(reading.segments[7] == 1u);
    BOOST_TEST(reading.segments[8] == 2u);
}

BOOST_AUTO_TEST_CASE(a_cut_range_is_a_recording_and_known_as_cut) {
    const Script script{.keyframes = 4};
    const std::vector<Sealed> all = sealed_by(script);
    const Content file = cut(script, 5, 15);
    const Reading reading = read_all(file);
    BOOST_TEST(reading.holes.size() == 0u);
    BOOST_TEST(reading.chunks == std::vector<Sealed>(all.begin() + 5, all.begin() + 15),
               boost::test_tools::per_element());
    MemorySource source(file);
    ChunkReader reader(source);
    BOOST_REQUIRE(reader.next() == Found::chunk);
    BOOST_CHECK(reader.chunk().relation == Relation::cut);
    BOOST_TEST(find_chunk(file, ChunkKind::end, 15).header.flags == ChunkHeader::kCut);
    BOOST_TEST(find_chunk(record(script), ChunkKind::end, 20).header.flags == 0);
    // Two neighbouring cuts stay two segments.
    const Reading joined = read_all(cut(script, 0, 10) + cut(script, 10, 20, false));
    BOOST_TEST(joined.chunks == all, boost::test_tools::per_element());
    BOOST_TEST(joined.segments.front() == 0u);
    BOOST_TEST(joined.segments.back() == 1u);
    BOOST_TEST(joined.holes.size() == 0u);
}

// The file grows by so many bytes at a time; what a reader gives meanwhile.
Reading followed(const Content& file, std::size_t step) {
    MemorySource source({});
    ChunkReader reader(source);
    Reading all;
    for (std::size_t size = 0; size < file.size() + step; size += step) {
        source.set(std::span(file).first(std::min(size, file.size())));
        const Reading more = read_all(reader);
        all.chunks.insert(all.chunks.end(), more.chunks.begin(), more.chunks.end());
        all.holes.insert(all.holes.end(), more.holes.begin(), more.holes.end());
        all.tail = more.tail;
    }
    return all;
}

BOOST_AUTO_TEST_CASE(a_growing_file_is_followed) {
    const Script script{.keyframes = 2};
    const Content file = record(script) + record({.segment = 9});
    const Reading whole = read_all(file);
    for (const std::size_t step : {1u, 7u, 71u, 200u}) {
        const Reading grown = followed(file, step);
        BOOST_TEST(grown.holes.empty());
        BOOST_TEST(grown.chunks == whole.chunks, boost::test_tools::per_element());
        BOOST_CHECK(grown.tail.state == Tail::State::closed);
    }
}

BOOST_AUTO_TEST_CASE(a_growing_file_with_damage_is_followed) {
    const Script script{.keyframes = 3};
    Content file = record(script);
    const Chunk bent = find_chunk(file, ChunkKind::frames, 7);
    file[bent.offset + 30] ^= 4;
    const Reading whole = read_all(file);
    for (const std::size_t step : {1u, 13u, 50u, 140u})
        BOOST_TEST(followed(file, step).chunks == whole.chunks, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_newer_version_is_refused_in_words_and_stepped_over_in_the_middle) {
    Content file = record({.keyframes = 1});
    const Content old = file;
    for (const std::uint64_t offset : boundaries(old))
        if (offset != old.size()) forge(file, offset, 8, {2, 0});
    MemorySource source(file, "new.canon");
    BOOST_CHECK_EXCEPTION(ChunkReader{source}, Error, [](const Error& error) {
        return std::string(error.what()).find("new.canon: is a recording of format version 2") == 0;
    });
    const Reading reading = read_all(old + file + old);
    BOOST_REQUIRE_EQUAL(reading.holes.size(), 1u);
    BOOST_CHECK(reading.holes[0].why == Hole::Why::newer);
    BOOST_TEST(reading.holes[0].begin == old.size());
    BOOST_TEST(reading.holes[0].end == 2 * old.size());
    BOOST_TEST(reading.chunks.size() == 2 * sealed_by({.keyframes = 1}).size());
}

BOOST_AUTO_TEST_CASE(what_is_no_recording_is_refused_in_words) {
    for (const std::string text : {"x",
                                   "\xF5"
                                   "canon no",
                                   "PNG and so on"}) {
        const Content bytes(text.begin(), text.end());
        MemorySource source(bytes, "picture");
        BOOST_CHECK_EXCEPTION(ChunkReader{source}, Error, [](const Error& error) {
            return std::string(error.what()).find("picture: is not a recording") == 0;
        });
    }
}

BOOST_AUTO_TEST_CASE(chunks_of_unknown_kinds_are_given_and_said_to_be_needed_or_not) {
    MemorySink sink;
    ChunkWriter writer(sink, 1);
    writer.write(ChunkKind::meta, {{1}, 0}, {});
    writer.write(static_cast<ChunkKind>(100), {{1}, 0}, {});
    writer.write(static_cast<ChunkKind>(300), {{1}, 0}, {});
    writer.close();
    const Reading reading = read_all(sink.view());
    BOOST_REQUIRE_EQUAL(reading.chunks.size(), 3u);
    BOOST_TEST(reading.holes.size() == 0u);
    BOOST_TEST(may_be_skipped(reading.chunks[1].kind));
    BOOST_TEST(!may_be_skipped(reading.chunks[2].kind));
    BOOST_TEST(kind_name(reading.chunks[2].kind) == "kind 300");
}

BOOST_AUTO_TEST_CASE(a_recording_inside_a_payload_is_not_taken_for_one) {
    const Content inner = record({.segment = 3, .keyframes = 1});
    MemorySink sink;
    ChunkWriter writer(sink, 4, {0, 100});
    writer.write(ChunkKind::meta, {{1}, 0}, {});
    writer.write(ChunkKind::note, {{1}, 0}, inner);
    writer.write(ChunkKind::frames, {{1}, 5}, {});
    writer.close();
    Content file = content_of(sink.view());
    const Chunk note = find_chunk(file, ChunkKind::note, 1);
    BOOST_TEST(note.header.mask != 0);
    BOOST_TEST(read_all(file).chunks[1].payload == inner, boost::test_tools::per_element());
    file[note.offset + 20] ^= 1;  // so that all of it is searched for headers
    const Reading reading = read_all(file);
    BOOST_TEST(reading.chunks.size() == 2u);
    BOOST_TEST(reading.holes.size() == 1u);
}

BOOST_AUTO_TEST_CASE(headers_that_claim_much_cost_no_more_than_they_hold) {
    // Each header is well-formed and claims the largest payload, which is not there.
    Content file;
    Bytes bytes;
    for (std::uint32_t i = 0; i < 20'000; ++i) {
        ChunkHeader header;
        header.kind = ChunkKind::meta;
        header.stored_bytes = header.raw_bytes = kMaxPayloadBytes;
        write_header(bytes, header);
    }
    file = content_of(bytes.view());
    const Reading reading = read_all(file);
    BOOST_TEST(reading.chunks.empty());
    BOOST_TEST(reading.holes.size() == 1u);
    BOOST_CHECK(reading.tail.state == Tail::State::torn);
}

BOOST_AUTO_TEST_CASE(sizes_beyond_the_caps_are_no_header) {
    ChunkHeader header;
    header.kind = ChunkKind::meta;
    header.stored_bytes = header.raw_bytes = kMaxPayloadBytes;
    const auto is_read = [](const ChunkHeader& written) {
        Bytes bytes;
        write_header(bytes, written);
        return read_header(bytes.view()) == written;
    };
    BOOST_TEST(is_read(header));
    const auto with = [&](auto change) {
        ChunkHeader changed = header;
        change(changed);
        return is_read(changed);
    };
    BOOST_TEST(!with([](ChunkHeader& h) { h.stored_bytes = h.raw_bytes = kMaxPayloadBytes + 1; }));
    BOOST_TEST(!with([](ChunkHeader& h) { h.stored_bytes -= 1; }));
    BOOST_TEST(!with([](ChunkHeader& h) { h.packing = ChunkHeader::Packing::zstd; }));
    BOOST_TEST(!with([](ChunkHeader& h) { h.packing = static_cast<ChunkHeader::Packing>(2); }));
    BOOST_TEST(!with([](ChunkHeader& h) { h.kind = ChunkKind::key; }));  // as the first chunk
    BOOST_TEST(!with([](ChunkHeader& h) { h.kind = ChunkKind{}; }));
    BOOST_TEST(!with([](ChunkHeader& h) { h.version = 0; }));
    BOOST_TEST(!with([](ChunkHeader& h) { h.frames = {{~std::uint64_t{0}}, 1}; }));
    BOOST_TEST(!with([](ChunkHeader& h) { h.sequence = kMaxSequence + 1; }));
    BOOST_TEST(!with([](ChunkHeader& h) {
        h.kind = ChunkKind::frames;
        h.sequence = 1;
        h.frames.count = kMaxFramesPerChunk + 1;
    }));
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_told_in_words) {
    const auto range = [](std::uint64_t begin, std::uint64_t end) {
        return describe(LostFrames{Frame{begin}, Frame{end}});
    };
    BOOST_TEST(range(4, 4) == "no frames");
    BOOST_TEST(range(4, 5) == "frame 4");
    BOOST_TEST(range(4, 9) == "frames 4 to 8");
    BOOST_TEST(describe(LostFrames{Frame{4}, {}}) == "the frames from 4 on, nobody knows how many");
    Hole hole;
    hole.begin = 10;
    hole.end = 20;
    hole.lost_chunks = 1;
    hole.lost_frames = {Frame{4}, Frame{9}};
    BOOST_TEST(describe(hole) ==
               "bytes 10 to 19 are damaged; lost in segment 0: 1 chunk, frames 4 to 8");
}

BOOST_AUTO_TEST_SUITE_END()
