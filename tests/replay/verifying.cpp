// Goal: verifying tells the same with any number of threads: each keyframe span is played once,
// what differs is found at its frame, what is lost is told and the rest is verified all the same.
// Method: recordings of a small program, some of whose chunks are changed and sealed again with
// right hashes, or damaged as they lie; each is verified with 1, 2 and 8 threads.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>

#include "canon/program.hpp"
#include "canon/simulation.hpp"
#include "recording/recorder.hpp"
#include "recording/verifier.hpp"
#include "replay/recordings.hpp"

using namespace canon;
using namespace canon::replay;
using namespace canon::test;

namespace {

constexpr std::uint64_t kFrames = 47;
constexpr std::uint64_t kSpans = 5;  // from frames 1, 11, 21, 31 and 41

constexpr const char* kProgram = R"lua(
template("ant", { x = 0, heat = 1.5 })
function on_start()
    for i = 1, 20 do engine.spawn_entity("ant", { x = i }) end
end
function on_frame(frame)
    engine.submit_each("walk", "ant")
end
function jobs.walk(id)
    engine.add(id, "x", math.random(0, 3))
end
)lua";

struct Session {
    std::uint64_t seed = 1;
    std::string program = kProgram;
    std::uint64_t frames = kFrames;
    bool is_closed = true;
    Simulation::Host host{};
};

Content record_session(const Session& session) {
    SimulationOptions options;
    options.workers = 1;
    options.seed = session.seed;
    Simulation simulation(Program::from_modules({{"main", session.program}}), options,
                          session.host);
    RecorderOptions settings;
    settings.keyframe_frames = 10;
    settings.seal_frames = 5;
    settings.seal_seconds = 1e9;
    MemorySink sink;
    Recorder recorder(simulation, session.host, sink, settings);
    for (std::uint64_t i = 0; i < session.frames; ++i) recorder.step();
    recorder.flush();
    if (session.is_closed) recorder.close();
    return content_of(sink.view());
}

const Content& recording() {
    static const Content content = record_session(Session());
    return content;
}

// The chunks of `bytes`, sealed anew in a segment of their own.
Content seal(const std::vector<Sealed>& chunks) {
    MemorySink sink;
    ChunkWriter writer(sink, new_segment_identity());
    for (const Sealed& chunk : chunks) writer.write(chunk.kind, chunk.frames, chunk.payload);
    writer.close();
    return content_of(sink.view());
}

using Change = std::function<void(Sealed&)>;
Content change(const Content& bytes, const Change& change_chunk) {
    std::vector<Sealed> chunks = read_all(bytes).chunks;
    for (Sealed& chunk : chunks) change_chunk(chunk);
    return seal(chunks);
}

FrameRecord record_of(const Sealed& chunk, std::uint64_t frame) {
    FramesReader reader;
    reader.open(chunk.payload, chunk.frames);
    FrameRecord record;
    while (reader.next(record))
        if (record.frame.value == frame) return record;
    throw std::logic_error("no such frame");
}

void flip_hash(Content& payload, std::uint64_t hash) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&hash);
    const auto at = std::search(payload.begin(), payload.end(), bytes, bytes + sizeof hash);
    BOOST_REQUIRE(at != payload.end());
    *at ^= 1;
}

// Another state hash for that frame than the one it had.
Change other_hash_in(std::uint64_t frame) {
    return [frame](Sealed& chunk) {
        if (chunk.kind != ChunkKind::frames || frame < chunk.frames.first.value ||
            frame >= chunk.frames.end().value)
            return;
        flip_hash(chunk.payload, record_of(chunk, frame).state_hash);
    };
}

RecordingToVerify to_verify(const Content& bytes) {
    return {"memory", [&bytes] { return std::make_unique<MemorySource>(bytes); }};
}

void check_same(const Verification& a, const Verification& b) {
    BOOST_TEST(verdict_name(a.verdict) == verdict_name(b.verdict));
    BOOST_TEST(a.frames == b.frames);
    BOOST_TEST(a.frames_there == b.frames_there);
    BOOST_TEST(a.spans == b.spans);
    BOOST_TEST(a.spans_diverged == b.spans_diverged);
    BOOST_TEST(a.segment == b.segment);
    BOOST_TEST(a.reason == b.reason);
    BOOST_TEST(a.damage == b.damage, boost::test_tools::per_element());
    BOOST_TEST(a.is_open == b.is_open);
    BOOST_REQUIRE(a.divergence.has_value() == b.divergence.has_value());
    if (a.divergence) BOOST_TEST(describe(*a.divergence) == describe(*b.divergence));
}

// With 1, 2 and 8 threads: the same.
Verification verify_everywhere(const Content& bytes, VerifierOptions options = {}) {
    std::optional<Verification> first;
    for (const unsigned threads : {1u, 2u, 8u}) {
        options.threads = threads;
        const Verification result = verify({to_verify(bytes)}, options).at(0);
        BOOST_TEST(result.is_finished);
        if (first) check_same(*first, result);
        if (!first) first = result;
    }
    return *first;
}

void expect_divergence(const Verification& result, std::uint64_t frame, const std::string& what) {
    BOOST_TEST(verdict_name(result.verdict) == verdict_name(Verdict::diverged));
    BOOST_REQUIRE(result.divergence.has_value());
    BOOST_TEST(result.divergence->frame.value == frame);
    BOOST_TEST(result.divergence->what == what);
    BOOST_TEST(result.divergence->recorded != result.divergence->played);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(verifying)

BOOST_AUTO_TEST_CASE(every_span_is_played_once) {
    const Verification result = verify_everywhere(recording());
    BOOST_TEST(verdict_name(result.verdict) == verdict_name(Verdict::same));
    BOOST_TEST(result.frames == kFrames);
    BOOST_TEST(result.frames_there == kFrames);
    BOOST_TEST(result.spans == kSpans);
    BOOST_TEST(!result.is_open);
    BOOST_TEST(result.damaged_places == 0u);
    BOOST_TEST(result.recorded_seconds == kFrames / 60.0, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(a_changed_hash_is_found_at_its_frame) {
    for (const std::uint64_t frame : {1, 10, 11, 25, 40, 47}) {
        const Verification result = verify_everywhere(change(recording(), other_hash_in(frame)));
        expect_divergence(result, frame, "state hash");
        BOOST_TEST(result.spans_diverged == 1u);
        BOOST_TEST(result.spans == kSpans);
        BOOST_TEST(result.divergence->recorded == (result.divergence->played ^ 1));
    }
}

BOOST_AUTO_TEST_CASE(of_several_divergences_the_first_frame_is_told) {
    Content bytes = change(recording(), other_hash_in(44));
    bytes = change(bytes, other_hash_in(12));
    bytes = change(bytes, other_hash_in(33));
    const Verification result = verify_everywhere(bytes);
    expect_divergence(result, 12, "state hash");
    BOOST_TEST(result.spans_diverged == 3u);
    // Two spans whole, and of the others the frames up to that which differs.
    BOOST_TEST(result.frames == 10u + 2u + 10u + 3u + 4u);
}

BOOST_AUTO_TEST_CASE(other_actions_are_told_with_their_job) {
    const Content bytes = change(recording(), [](Sealed& chunk) {
        if (chunk.kind == ChunkKind::frames && chunk.frames.first.value == 21)
            flip_hash(chunk.payload, record_of(chunk, 23).action_hash);
    });
    expect_divergence(verify_everywhere(bytes), 23, "actions");
}

BOOST_AUTO_TEST_CASE(a_keyframe_with_a_wrong_hash_is_told) {
    const Content bytes = change(recording(), [](Sealed& chunk) {
        if (chunk.kind != ChunkKind::key || chunk.frames.first.value != 21) return;
        flip_hash(chunk.payload, read_key_part(chunk.payload).state_hash);
    });
    const Verification result = verify_everywhere(bytes);
    expect_divergence(result, 20, "keyframe");
    BOOST_TEST(result.spans_diverged == 2u);  // that which ends there, and that which begins
    BOOST_TEST(result.frames == kFrames - 10);
}

BOOST_AUTO_TEST_CASE(a_span_must_end_with_the_state_that_the_next_begins_with) {
    // Each span is right by itself; those from frame 21 on are of another session.
    const std::vector<Sealed> other = read_all(record_session({.seed = 2})).chunks;
    std::vector<Sealed> chunks;
    for (const Sealed& chunk : read_all(recording()).chunks)
        if (chunk.frames.end().value <= 21 && chunk.kind != ChunkKind::note) {
            if (chunk.kind == ChunkKind::frames || chunk.frames.first.value < 21)
                chunks.push_back(chunk);
        }
    for (const Sealed& chunk : other)
        if (chunk.frames.first.value >= 21 && chunk.kind != ChunkKind::note)
            chunks.push_back(chunk);
    const Verification result = verify_everywhere(seal(chunks));
    expect_divergence(result, 20, "keyframe");
    BOOST_TEST(result.spans_diverged == 1u);
    BOOST_TEST(result.frames == kFrames);
}

BOOST_AUTO_TEST_CASE(a_file_of_several_segments_is_verified_with_the_program_of_each) {
    std::string program = kProgram;
    program.replace(program.find("(0, 3)"), 6, "(5, 9)");
    const Content other = record_session({.seed = 3, .program = program, .frames = 23});
    const Verification whole = verify_everywhere(recording() + other + recording());
    BOOST_TEST(verdict_name(whole.verdict) == verdict_name(Verdict::same));
    BOOST_TEST(whole.frames == 2 * kFrames + 23);
    BOOST_TEST(whole.spans == 2 * kSpans + 3);
    const Verification result =
        verify_everywhere(recording() + change(other, other_hash_in(3)) + recording());
    expect_divergence(result, 3, "state hash");
    BOOST_TEST(result.segment == 1u);
    // A later frame of an earlier segment comes first.
    const Verification both =
        verify_everywhere(change(recording(), other_hash_in(30)) + change(other, other_hash_in(3)));
    expect_divergence(both, 30, "state hash");
    BOOST_TEST(both.segment == 0u);
    // A segment that begins at the frame with which the one before ended is not its continuation.
    std::vector<Sealed> rest = read_all(record_session({.seed = 2})).chunks;
    std::erase_if(rest, [](const Sealed& chunk) { return chunk.frames.first.value < 21; });
    const Verification behind = verify_everywhere(record_session({.frames = 20}) + seal(rest));
    BOOST_TEST(verdict_name(behind.verdict) == verdict_name(Verdict::same));
    BOOST_TEST(behind.frames == kFrames);
}

BOOST_AUTO_TEST_CASE(what_is_lost_is_told_and_the_rest_is_verified) {
    Content bytes = recording();
    for (const std::uint64_t offset : boundaries(recording())) {
        MemorySource source(recording());
        if (offset >= recording().size()) break;
        ChunkReader reader(source);
        reader.seek({offset, 0, {}});
        BOOST_REQUIRE(reader.next() == Found::chunk);
        const ChunkHeader& header = reader.chunk().header;
        if (header.kind == ChunkKind::frames && header.frames.first.value == 11)
            bytes[offset + kHeaderBytes + 3] ^= 4;
    }
    const Verification result = verify_everywhere(bytes);
    BOOST_TEST(verdict_name(result.verdict) == verdict_name(Verdict::damaged));
    BOOST_REQUIRE(result.damage.size() == 1u);
    BOOST_TEST(result.damage[0].find("frames 11 to 15") != std::string::npos);
    BOOST_TEST(result.frames_there == kFrames - 5);
    BOOST_TEST(result.frames == kFrames - 10);  // 16 to 20 cannot be reached
}

BOOST_AUTO_TEST_CASE(where_a_keyframe_is_lost_the_span_before_goes_on) {
    for (const ChunkKind kind : {ChunkKind::meta, ChunkKind::key}) {
        std::uint32_t number = 0;
        for (const Sealed& chunk : read_all(recording()).chunks)
            if (chunk.kind == kind && chunk.frames.first.value == 21) number = chunk.sequence;
        Content bytes = recording();
        bytes[find_chunk(recording(), kind, number).offset + kHeaderBytes + 3] ^= 4;
        const Verification result = verify_everywhere(bytes);
        BOOST_TEST(verdict_name(result.verdict) == verdict_name(Verdict::damaged));
        BOOST_TEST(result.damaged_places == 1u);
        BOOST_TEST(result.spans == kSpans - 1);
        BOOST_TEST(result.frames == kFrames);
    }
}

BOOST_AUTO_TEST_CASE(a_torn_tail_is_damage_and_an_open_end_is_not) {
    const Content open = record_session({.is_closed = false});
    const Verification result = verify_everywhere(open);
    BOOST_TEST(verdict_name(result.verdict) == verdict_name(Verdict::same));
    BOOST_TEST(result.is_open);
    BOOST_TEST(result.frames == kFrames);
    Content torn = open;
    torn.resize(torn.size() - 3);
    const Verification cut = verify_everywhere(torn);
    BOOST_TEST(verdict_name(cut.verdict) == verdict_name(Verdict::damaged));
    BOOST_REQUIRE(cut.damage.size() == 1u);
    BOOST_TEST(cut.damage[0].find("the frames from 46 on") != std::string::npos);
    BOOST_TEST(cut.frames == 45u);
}

BOOST_AUTO_TEST_CASE(a_file_that_grows_is_verified_as_it_was_when_it_was_opened) {
    // Twice as long whenever it is asked again.
    class GrowingSource final : public ByteSource {
      public:
        std::uint64_t size() override {
            const std::lock_guard lock(mutex_);
            return asked_++ == 0 ? recording().size() : 2 * recording().size();
        }
        std::size_t read(std::uint64_t offset, std::span<std::uint8_t> out) override {
            return MemorySource(both_).read(offset, out);
        }
        const std::string& name() const noexcept override { return name_; }

      private:
        std::mutex mutex_;
        int asked_ = 0;
        Content both_ = recording() + recording();
        std::string name_ = "growing";
    };
    const RecordingToVerify growing{"growing", [] { return std::make_unique<GrowingSource>(); }};
    for (const unsigned threads : {1u, 2u, 8u}) {
        const Verification result = verify({growing}, {.threads = threads}).at(0);
        BOOST_TEST(verdict_name(result.verdict) == verdict_name(Verdict::same));
        BOOST_TEST(result.frames == kFrames);
    }
}

BOOST_AUTO_TEST_CASE(a_host_that_is_not_here_is_another_program) {
    Simulation::Host host;
    host.handlers.emplace_back("order", [](HandlerContext&, const Value&) { return Value(); });
    const Content bytes = record_session({.host = host});
    const Verification result = verify_everywhere(bytes);
    BOOST_TEST(verdict_name(result.verdict) == verdict_name(Verdict::other_program));
    BOOST_TEST(result.reason.find("handler 'order'") != std::string::npos);
    BOOST_TEST(result.frames == 0u);
    VerifierOptions options;
    options.host = [&] { return host; };
    BOOST_TEST(verdict_name(verify_everywhere(bytes, options).verdict) ==
               verdict_name(Verdict::same));
}

BOOST_AUTO_TEST_CASE(exact_mode_and_another_build_are_told) {
    const Content bytes = change(recording(), [](Sealed& chunk) {
        if (chunk.kind != ChunkKind::meta) return;
        Meta meta = read_meta(chunk.payload);
        meta.needs_exact = true;
        meta.fingerprint.order_probe += 1;
        Bytes out;
        write_meta(out, meta);
        chunk.payload = content_of(out.view());
    });
    const Verification result = verify_everywhere(bytes);
    BOOST_TEST(verdict_name(result.verdict) == verdict_name(Verdict::other_build));
    BOOST_TEST(result.frames == 0u);
}

BOOST_AUTO_TEST_CASE(where_nothing_can_be_played_there_is_no_recording) {
    const Content empty, text(500, 'x');
    std::vector<Sealed> chunks;
    for (const Sealed& chunk : read_all(recording()).chunks)
        if (chunk.kind != ChunkKind::key) chunks.push_back(chunk);
    const Content without_keys = seal(chunks);
    for (const Content* bytes : {&empty, &text, &without_keys}) {
        const Verification result = verify_everywhere(*bytes);
        BOOST_TEST(verdict_name(result.verdict) == verdict_name(Verdict::no_recording));
        BOOST_TEST(!result.reason.empty());
    }
    const RecordingToVerify missing{
        "missing", []() -> std::unique_ptr<ByteSource> { throw Error("not there"); }};
    BOOST_TEST(verify({missing}).at(0).reason == "not there");
}

BOOST_AUTO_TEST_CASE(several_files_share_the_threads_and_are_told_in_their_order) {
    const Content bad = change(recording(), other_hash_in(8));
    const Content text(500, 'x');
    const std::vector<RecordingToVerify> files{to_verify(recording()), to_verify(bad),
                                               to_verify(text), to_verify(recording())};
    for (const unsigned threads : {1u, 2u, 8u}) {
        std::vector<std::string> told;
        std::optional<VerifyProgress> last;
        VerifierOptions options;
        options.threads = threads;
        options.finished = [&](const Verification& result) {
            told.push_back(verdict_name(result.verdict));
        };
        options.progress = [&](const VerifyProgress& progress) {
            BOOST_TEST((!last || last->frames <= progress.frames));
            BOOST_TEST(progress.frames_total == 3 * kFrames);
            BOOST_TEST(progress.is_total_known);
            last = progress;
            return true;
        };
        verify(files, options);
        const std::vector<std::string> expected{"same", "diverged", "no recording", "same"};
        BOOST_TEST(told == expected, boost::test_tools::per_element());
        BOOST_REQUIRE(last.has_value());
        BOOST_TEST(last->frames == kFrames + 8 + 37 + kFrames);
        BOOST_TEST(last->recorded_seconds == static_cast<double>(last->frames) / 60,
                   boost::test_tools::tolerance(1e-6));
    }
}

// tests/cli/verify.sh names a file for it: no command makes a recording that diverges.
BOOST_AUTO_TEST_CASE(a_changed_hash_is_found_in_a_file) {
    const auto& suite = boost::unit_test::framework::master_test_suite();
    const std::filesystem::path path =
        suite.argc > 1 ? std::filesystem::path(suite.argv[1])
                       : std::filesystem::temp_directory_path() /
                             ("canon_verifying_" + std::to_string(new_segment_identity()));
    const Content bytes = change(recording(), other_hash_in(17));
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
    const RecordingToVerify file{"file",
                                 [&] { return std::make_unique<FileSource>(path.string()); }};
    expect_divergence(verify({file}, {.threads = 2}).at(0), 17, "state hash");
    if (suite.argc <= 1) std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(a_stopped_verification_says_what_is_not_finished) {
    const Content bytes = record_session({.frames = 2000});
    VerifierOptions options;
    options.threads = 2;
    options.progress = [](const VerifyProgress&) { return false; };
    const auto results = verify({to_verify(bytes), to_verify(bytes)}, options);
    BOOST_TEST(!results.at(1).is_finished);
    BOOST_TEST(results.at(1).name == "memory");
}

BOOST_AUTO_TEST_SUITE_END()
