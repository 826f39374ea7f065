#include "recording/verifier.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include "canon/error.hpp"
#include "container/chunk_finder.hpp"
#include "container/chunk_reader.hpp"
#include "recording/recording_reader.hpp"

namespace canon::replay {
namespace {

using Clock = std::chrono::steady_clock;
using Event = RecordingReader::Event;

constexpr std::size_t kMostDamageLines = 20;
constexpr std::chrono::milliseconds kProgressInterval{50};

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// A source as it is now, so that all threads see the same end of a file that grows.
class FixedSource final : public ByteSource {
  public:
    explicit FixedSource(std::unique_ptr<ByteSource> source)
        : source_(std::move(source)), size_(source_->size()) {}

    std::uint64_t size() override { return size_; }
    std::size_t read(std::uint64_t offset, std::span<std::uint8_t> out) override {
        if (offset >= size_) return 0;
        return source_->read(offset,
                             out.first(std::min<std::uint64_t>(out.size(), size_ - offset)));
    }
    const std::string& name() const noexcept override { return source_->name(); }

  private:
    std::unique_ptr<ByteSource> source_;
    std::uint64_t size_;
};

// What came of one span.
struct Outcome {
    std::uint64_t number = 0;  // of the span in its file
    std::uint32_t segment = 0;
    bool is_played = false;
    std::uint64_t frames = 0;
    double recorded_seconds = 0;
    std::optional<Divergence> divergence{};
    bool differs_at_once = false;  // the keyframe itself
    Verdict problem = Verdict::same;
    std::string reason{};
};

// A recording while it is verified.
class File {
  public:
    File(std::size_t index, const RecordingToVerify& recording)
        : index_(index), began_(Clock::now()) {
        result_.name = recording.name;
        try {
            source_.emplace(recording.open());
            chunks_.emplace(*source_);
        } catch (const Error& error) {
            chunks_.reset();
            note_problem(0, Verdict::no_recording, error.what());
        }
    }

    std::size_t index() const noexcept { return index_; }
    ByteSource& source() noexcept { return *source_; }
    std::uint64_t frames_there() const noexcept { return result_.frames_there; }

    // Where the next span begins: with a META that a KEY follows. Nothing at the end.
    std::optional<Place> next_span() {
        try {
            while (chunks_) switch (chunks_->next()) {
                    case Found::chunk:
                        if (auto start = step()) return start;
                        break;
                    case Found::hole:
                        note_damage(describe(chunks_->hole()));
                        if (!chunks_->hole().lost_frames.are_none()) meta_.reset();
                        break;
                    case Found::end:
                        note_tail(chunks_->tail());
                        chunks_.reset();
                        break;
                }
        } catch (const Error& error) {
            note_damage(error.what());
            chunks_.reset();
        }
        return std::nullopt;
    }

    std::uint64_t begin_span() noexcept {
        in_flight_ += 1;
        return spans_++;
    }

    void end_span(Outcome outcome) {
        in_flight_ -= 1;
        result_.frames += outcome.frames;
        result_.recorded_seconds += outcome.recorded_seconds;
        if (outcome.is_played) result_.spans += 1;
        if (outcome.problem == Verdict::damaged)
            unreadable_.emplace_back(outcome.number, std::move(outcome.reason));
        else if (outcome.problem != Verdict::same)
            note_problem(outcome.number, outcome.problem, std::move(outcome.reason));
        if (!outcome.divergence) return;
        result_.spans_diverged += 1;
        const auto place =
            std::tuple(outcome.segment, outcome.divergence->frame, outcome.differs_at_once);
        if (result_.divergence && !(place < divergence_place_)) return;
        divergence_place_ = place;
        result_.divergence = std::move(outcome.divergence);
        result_.segment = outcome.segment;
    }

    bool is_done() const noexcept { return !chunks_ && in_flight_ == 0; }

    Verification finish() {
        // In the order of the file, whichever thread came first. A keyframe that makes no sense is
        // met by the span before it, too.
        std::sort(unreadable_.begin(), unreadable_.end());
        std::string last;
        for (auto& [number, text] : unreadable_)
            if (std::exchange(last, text) != text) note_damage(std::move(text));
        if (result_.damaged_places > 0) verdict_ = std::max(verdict_, Verdict::damaged);
        if (result_.spans == 0 && verdict_ != Verdict::other_program &&
            verdict_ != Verdict::other_build) {
            verdict_ = Verdict::no_recording;
            if (result_.reason.empty())
                result_.reason = "no keyframe of the recording is whole: nothing can be played";
        }
        if (result_.divergence) verdict_ = Verdict::diverged;
        result_.verdict = verdict_;
        result_.is_finished = true;
        result_.seconds = seconds_since(began_);
        return std::move(result_);
    }
    Verification give_up() { return std::move(result_); }

  private:
    std::optional<Place> step() {
        const Chunk& chunk = chunks_->chunk();
        switch (chunk.header.kind) {
            case ChunkKind::meta:
                meta_ = {chunk.offset, chunk.segment, chunk.header.position()};
                break;
            case ChunkKind::key:
                if (meta_ && meta_->segment == chunk.segment) return std::exchange(meta_, {});
                break;
            case ChunkKind::frames:
                result_.frames_there += chunk.header.frames.count;
                meta_.reset();
                break;
            default:
                break;
        }
        return std::nullopt;
    }

    void note_tail(const Tail& tail) {
        result_.is_open = tail.state != Tail::State::closed;
        if (tail.state == Tail::State::torn)
            note_damage("bytes " + std::to_string(tail.begin) + " to " +
                        std::to_string(tail.end - 1) +
                        " are a part of a chunk; lost: " + describe(tail.lost_frames));
    }

    void note_damage(std::string text) {
        result_.damaged_places += 1;
        if (result_.damage.size() < kMostDamageLines) result_.damage.push_back(std::move(text));
    }

    // Of the worst kind, the first in the file.
    void note_problem(std::uint64_t span, Verdict verdict, std::string reason) {
        if (verdict < verdict_ || (verdict == verdict_ && span >= problem_span_)) return;
        verdict_ = verdict;
        problem_span_ = span;
        result_.reason = std::move(reason);
    }

    std::size_t index_;
    Clock::time_point began_;
    std::optional<FixedSource> source_;
    std::optional<ChunkReader> chunks_;
    std::optional<Place> meta_;  // after which no frames came
    std::uint64_t spans_ = 0;
    std::uint64_t in_flight_ = 0;
    Verification result_;
    Verdict verdict_ = Verdict::same;
    std::uint64_t problem_span_ = 0;
    std::tuple<std::uint32_t, Frame, bool> divergence_place_;
    std::vector<std::pair<std::uint64_t, std::string>> unreadable_;
};

struct Span {
    std::shared_ptr<File> file;
    Place start;
    std::uint64_t number = 0;
};

// What the threads tell each other all the time.
struct Counters {
    std::atomic<std::uint64_t> frames{0};
    std::atomic<std::uint64_t> recorded_nanoseconds{0};
    std::atomic<bool> stop{false};
};

// Plays spans on one thread, all those of a program by the same simulation.
class SpanPlayer {
  public:
    SpanPlayer(const VerifierOptions& options, Counters& counters)
        : options_(options), counters_(counters) {}

    Outcome play(const Span& span) {
        Outcome outcome;
        outcome.number = span.number;
        outcome.segment = span.start.segment;
        frame_ = {span.start.position.value - 1};
        try {
            RecordingReader reader(span.file->source());
            reader.seek(span.start);
            if (begin(reader, outcome)) run(reader, outcome);
        } catch (const OtherBuild& error) {
            outcome.problem = Verdict::other_build;
            outcome.reason = error.what();
        } catch (const OtherProgram& error) {
            outcome.problem = Verdict::other_program;
            outcome.reason = error.what();
        } catch (const Error& error) {
            outcome.problem = Verdict::damaged;
            outcome.reason = "what follows frame " + std::to_string(frame_.value) +
                             " cannot be read: " + error.what();
        }
        return outcome;
    }

  private:
    // False where there is no keyframe after all.
    bool begin(RecordingReader& reader, Outcome& outcome) {
        for (;;) switch (reader.next()) {
                case Event::meta:
                    prepare(reader.meta());
                    break;
                case Event::keyframe: {
                    const Keyframe& key = reader.keyframe();
                    frame_ = {key.position.value - 1};
                    ByteReader in(key.saved.view());
                    load_keyframe(*simulation_, reader.meta(), in);
                    outcome.is_played = true;
                    outcome.divergence = compare(*simulation_, key);
                    outcome.differs_at_once = outcome.divergence.has_value();
                    return !outcome.differs_at_once;
                }
                case Event::hole:
                    if (!reader.hole().lost_frames.are_none()) return false;
                    break;
                case Event::notes:
                    break;
                case Event::frame:
                case Event::end:
                    return false;
            }
    }

    void run(RecordingReader& reader, Outcome& outcome) {
        bool has_meta = false;  // since the last frame: with a keyframe the next span begins
        const double frame_seconds = 1 / levels_and_speed_.frames_per_second;
        while (!outcome.divergence && !counters_.stop.load(std::memory_order_relaxed))
            switch (reader.next()) {
                case Event::meta:
                    if (reader.segment() != outcome.segment) return;
                    has_meta = true;
                    break;
                case Event::keyframe:
                    if (reader.keyframe().position.value != frame_.value + 1) return;
                    outcome.divergence = compare(*simulation_, reader.keyframe());
                    if (has_meta) return;
                    break;
                case Event::frame:
                    if (reader.frame().frame.value != frame_.value + 1) return;
                    has_meta = false;
                    execute(*simulation_, reader.frame(), levels_and_speed_.levels,
                            outcome.divergence);
                    if (has_reload(reader.frame().inputs))
                        require_same_build(reader.meta(), *simulation_);
                    frame_ = reader.frame().frame;
                    outcome.frames += 1;
                    outcome.recorded_seconds += frame_seconds;
                    counters_.frames.fetch_add(1, std::memory_order_relaxed);
                    counters_.recorded_nanoseconds.fetch_add(
                        static_cast<std::uint64_t>(frame_seconds * 1e9), std::memory_order_relaxed);
                    break;
                case Event::hole:
                    if (!reader.hole().lost_frames.are_none()) return;
                    break;
                case Event::notes:
                    break;
                case Event::end:
                    return;
            }
    }

    // Makes the simulation, unless the last span had the same META.
    void prepare(const Meta& meta) {
        Bytes bytes;
        write_meta(bytes, meta);
        if (simulation_ != nullptr && std::ranges::equal(bytes.view(), meta_.view())) return;
        simulation_.reset();
        meta_ = std::move(bytes);
        levels_and_speed_ = {meta.levels, meta.frames_per_second};
        const Simulation::Host given = options_.host ? options_.host() : Simulation::Host{};
        require_playable(meta, given);
        Simulation::Host host = playing_host(meta, given);
        SimulationOptions settings = options_of(meta);
        settings.workers = 1;
        const std::shared_ptr<const Program> program = program_of(meta);
        std::unique_ptr<Simulation> simulation;
        try {
            simulation = std::make_unique<Simulation>(program, settings, std::move(host));
        } catch (const Error& error) {
            throw OtherProgram(error.what());
        }
        if (simulation->world().schema().digest() != meta.schema_digest)
            throw OtherProgram(
                "the recording was made by a host with other templates: it can only be played by a "
                "host that has them");
        simulation->record_actions(meta.levels.actions);
        simulation_ = std::move(simulation);
    }

    struct LevelsAndSpeed {
        Levels levels{};
        double frames_per_second = 60;
    };

    const VerifierOptions& options_;
    Counters& counters_;
    Bytes meta_;
    LevelsAndSpeed levels_and_speed_;
    std::unique_ptr<Simulation> simulation_;
    Frame frame_;
};

// Frames by the ENDs of all segments. Nothing where one is missing. Fails: throws canon::Error
// where there is no recording.
std::optional<std::uint64_t> frames_by_index(ByteSource& source) {
    const ChunkReader is_recording(source);
    ChunkFinder finder(source);
    std::uint64_t frames = 0;
    for (std::uint64_t end = source.size(); end > 0;) {
        const auto segment = finder.segment_ending_at(end);
        if (!segment || segment->begin >= end) return std::nullopt;
        frames += segment->behind_last.value - segment->first.value;
        end = segment->begin;
    }
    return frames;
}

class Verifier {
  public:
    Verifier(const std::vector<RecordingToVerify>& recordings, const VerifierOptions& options)
        : recordings_(recordings), options_(options), results_(recordings.size()) {
        for (std::size_t i = 0; i < recordings.size(); ++i) results_[i].name = recordings[i].name;
    }

    std::vector<Verification> run() {
        const unsigned count = options_.threads != 0
                                   ? options_.threads
                                   : std::max(1u, std::thread::hardware_concurrency());
        std::vector<std::jthread> threads;
        try {
            for (unsigned i = 0; i < count; ++i) {
                {
                    const std::lock_guard lock(mutex_);
                    working_ += 1;
                }
                threads.emplace_back([this] { work(); });
            }
        } catch (const std::system_error& error) {
            counters_.stop = true;
            throw Error(std::string("a thread to verify with cannot be started: ") + error.what());
        }
        try {
            watch();
        } catch (...) {
            counters_.stop = true;
            throw;
        }
        threads.clear();
        if (failure_ != nullptr) std::rethrow_exception(failure_);
        return std::move(results_);
    }

  private:
    // The thread that called: tells how far it is, until all is done.
    void watch() {
        if (options_.progress) count_frames();
        std::unique_lock lock(mutex_);
        std::size_t told = 0;
        for (;;) {
            const bool is_over = working_ == 0;
            while (is_finished(told)) {
                const Verification& result = results_[told++];
                lock.unlock();
                if (options_.finished) options_.finished(result);
                lock.lock();
            }
            const VerifyProgress now = progress();
            lock.unlock();
            if (options_.progress && !options_.progress(now)) counters_.stop = true;
            lock.lock();
            if (is_over) return;
            changed_.wait_for(lock, kProgressInterval,
                              [&] { return working_ == 0 || is_finished(told); });
        }
    }

    bool is_finished(std::size_t index) const noexcept {
        return index < results_.size() && results_[index].is_finished;
    }

    void count_frames() {
        std::uint64_t frames = 0;
        for (const RecordingToVerify& recording : recordings_) try {
                FixedSource source(recording.open());
                const auto found = frames_by_index(source);
                if (!found) return;
                frames += *found;
            } catch (const Error&) {  // told as its result
            }
        frames_total_ = frames;
    }

    VerifyProgress progress() const {
        const std::uint64_t frames = counters_.frames;
        const double seconds = static_cast<double>(counters_.recorded_nanoseconds) * 1e-9;
        if (frames_total_) return {frames, *frames_total_, true, seconds};
        return {frames, frames_found_ + (file_ ? file_->frames_there() : 0), false, seconds};
    }

    void work() {
        try {
            SpanPlayer player(options_, counters_);
            while (std::optional<Span> span = take()) {
                Outcome outcome = player.play(*span);
                const std::lock_guard lock(mutex_);
                if (counters_.stop) break;
                span->file->end_span(std::move(outcome));
                finish_if_done(*span->file);
            }
        } catch (...) {
            counters_.stop = true;
            const std::lock_guard lock(mutex_);
            if (failure_ == nullptr) failure_ = std::current_exception();
        }
        const std::lock_guard lock(mutex_);
        working_ -= 1;
        changed_.notify_all();
    }

    std::optional<Span> take() {
        const std::lock_guard lock(mutex_);
        while (!counters_.stop) {
            if (file_ == nullptr) {
                if (next_file_ == recordings_.size()) return std::nullopt;
                file_ = std::make_shared<File>(next_file_, recordings_[next_file_]);
                next_file_ += 1;
            }
            if (const auto start = file_->next_span())
                return Span{file_, *start, file_->begin_span()};
            frames_found_ += file_->frames_there();
            finish_if_done(*std::exchange(file_, nullptr));
        }
        return std::nullopt;
    }

    void finish_if_done(File& file) {
        if (!file.is_done()) return;
        results_[file.index()] = file.finish();
        changed_.notify_all();
    }

    const std::vector<RecordingToVerify>& recordings_;
    const VerifierOptions& options_;
    Counters counters_;
    std::optional<std::uint64_t> frames_total_;

    std::mutex mutex_;
    std::condition_variable changed_;
    unsigned working_ = 0;
    std::size_t next_file_ = 0;
    std::shared_ptr<File> file_;  // whose spans are being handed out
    std::uint64_t frames_found_ = 0;
    std::vector<Verification> results_;
    std::exception_ptr failure_;
};

}  // namespace

const char* verdict_name(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::same:
            return "same";
        case Verdict::other_build:
            return "other build";
        case Verdict::other_program:
            return "other program";
        case Verdict::damaged:
            return "damaged";
        case Verdict::no_recording:
            return "no recording";
        case Verdict::diverged:
            return "diverged";
    }
    return "";
}

std::vector<Verification> verify(const std::vector<RecordingToVerify>& recordings,
                                 const VerifierOptions& options) {
    return Verifier(recordings, options).run();
}

}  // namespace canon::replay
