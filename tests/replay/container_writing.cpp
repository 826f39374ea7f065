// Goal: writing only appends, and where it fails that is told at once and what was written stays
// readable. Method: sinks that count, fill up, close and block; real pipes, devices and limits.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "replay/recordings.hpp"

using namespace canon;
using namespace canon::replay;
using namespace canon::test;

namespace {

// Takes `room` bytes, of the last write as many as there is room for.
class SmallSink final : public Sink {
  public:
    explicit SmallSink(std::size_t room) : room_(room) {}
    void write(std::span<const std::uint8_t> bytes) override {
        calls += 1;
        const std::size_t count = std::min(bytes.size(), room_ - content.size());
        content.insert(content.end(), bytes.begin(), bytes.begin() + static_cast<long>(count));
        if (count < bytes.size()) throw Error("no room");
    }
    void sync() override {}

    Content content;
    int calls = 0;

  private:
    std::size_t room_;
};

// A file that is gone at the end of its scope.
class TemporaryFile {
  public:
    TemporaryFile() {
        char name[] = "/tmp/canon_container_XXXXXX";
        const int descriptor = mkstemp(name);
        BOOST_REQUIRE(descriptor != -1);
        close(descriptor);
        path = name;
    }
    ~TemporaryFile() { std::filesystem::remove(path); }
    Content content() const {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    std::string path;
};

Content read_to_end(int descriptor) {
    Content content;
    std::uint8_t buffer[1000];
    for (ssize_t count; (count = read(descriptor, buffer, sizeof buffer)) > 0;)
        content.insert(content.end(), buffer, buffer + count);
    return content;
}

void write_all(ChunkWriter& writer, const Script& script) {
    for (const Sealed& chunk : sealed_by(script))
        writer.write(chunk.kind, chunk.frames, chunk.payload);
    writer.close();
}

// Whether the message holds `part`.
auto says(std::string part) {
    return [part](const Error& error) {
        BOOST_TEST_MESSAGE(error.what());
        return std::string(error.what()).find(part) != std::string::npos;
    };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay_container_writing)

BOOST_AUTO_TEST_CASE(each_new_segment_has_an_identity_of_its_own) {
    std::set<std::uint64_t> identities;
    for (int i = 0; i < 1000; ++i) identities.insert(new_segment_identity());
    BOOST_TEST(identities.size() == 1000u);
}

BOOST_AUTO_TEST_CASE(each_chunk_is_one_write) {
    const Script script;
    SmallSink sink(1 << 20);
    ChunkWriter writer(sink, script.segment, {0, 4});
    write_all(writer, script);
    BOOST_TEST(static_cast<std::size_t>(sink.calls) == boundaries(sink.content).size() - 1);
    BOOST_TEST(writer.bytes_written() == sink.content.size());
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_at_once_and_leaves_what_was_written) {
    const Script script;
    const std::vector<Sealed> all = sealed_by(script);
    const std::size_t whole = record(script).size();
    for (std::size_t room = 0; room < whole; room += 5) {
        SmallSink sink(room);
        ChunkWriter writer(sink, script.segment, {0, 4});
        std::size_t sealed = 0;
        try {
            for (const Sealed& chunk : all) {
                writer.write(chunk.kind, chunk.frames, chunk.payload);
                ++sealed;
            }
            writer.close();
            BOOST_ERROR("there was no room");
        } catch (const Error&) {
        }
        // Whatever comes then is refused, and nothing more is written.
        const int calls = sink.calls;
        BOOST_CHECK_EXCEPTION(sealed < all.size()
                                  ? writer.write(ChunkKind::note, {writer.position(), 0}, {})
                                  : writer.write(ChunkKind::note, {Frame{61}, 0}, {}),
                              Error, says("nothing more is written"));
        BOOST_TEST(sink.calls == calls);
        const Reading reading = read_all(sink.content);
        BOOST_TEST(reading.holes.size() == 0u);
        BOOST_TEST(reading.chunks.size() >= sealed);
        BOOST_TEST(is_part_of(reading.chunks, all));
        BOOST_CHECK(reading.tail.state != Tail::State::closed);
    }
}

BOOST_AUTO_TEST_CASE(a_full_device_is_an_error_with_path_and_reason) {
    FileSink sink("/dev/full");
    ChunkWriter writer(sink, 1);
    BOOST_CHECK_EXCEPTION(writer.write(ChunkKind::meta, {}, {}), Error,
                          says("/dev/full: cannot be written at byte 0: No space left on device"));
    BOOST_CHECK_EXCEPTION(writer.write(ChunkKind::meta, {}, {}), Error,
                          says("nothing more is written to this recording"));
}

BOOST_AUTO_TEST_CASE(a_file_limit_is_an_error_and_the_file_stays_readable) {
    const Script script;
    const TemporaryFile file;
    rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    const auto handler = signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    FileSink sink(file.path);
    ChunkWriter writer(sink, script.segment, {0, 4});
    BOOST_CHECK_EXCEPTION(write_all(writer, script), Error, says("at byte 1000: File too large"));
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    const Reading reading = read_all(file.content());
    BOOST_TEST(reading.chunks.size() >= 5u);
    BOOST_CHECK(reading.tail.state == Tail::State::torn);
}

BOOST_AUTO_TEST_CASE(a_path_that_cannot_be_written_or_read_is_an_error_with_the_reason) {
    BOOST_CHECK_EXCEPTION(FileSink("/no/such/folder/x.canon"), Error,
                          says("/no/such/folder/x.canon: cannot be opened for writing"));
    BOOST_CHECK_EXCEPTION(FileSource("/no/such.canon"), Error,
                          says("/no/such.canon: cannot be opened for reading"));
    BOOST_CHECK_EXCEPTION(FileSource("/tmp"), Error, says("/tmp: is not a regular file"));
}

BOOST_AUTO_TEST_CASE(a_file_holds_what_memory_holds) {
    const Script script{.compression_level = 3};
    const TemporaryFile file;
    FileSink sink(file.path);
    ChunkWriter writer(sink, script.segment, {3, 4});
    write_all(writer, script);
    sink.sync();
    sink.close();
    BOOST_TEST(file.content() == record(script), boost::test_tools::per_element());
    FileSource source(file.path);
    ChunkReader reader(source);
    BOOST_TEST(read_all(reader).chunks == sealed_by(script), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(pipes_and_sockets_take_a_recording) {
    const Script script{.payload_bytes = 50'000};  // more than a pipe holds
    for (const bool is_socket : {false, true}) {
        for (const bool is_waiting : {true, false}) {
            int ends[2];
            BOOST_REQUIRE((is_socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends)) ==
                          0);
            if (!is_waiting) fcntl(ends[1], F_SETFL, fcntl(ends[1], F_GETFL) | O_NONBLOCK);
            Content received;
            std::thread reader([&] { received = read_to_end(ends[0]); });
            FileSink sink(ends[1], "a pipe");
            ChunkWriter writer(sink, script.segment, {0, 4});
            write_all(writer, script);
            sink.sync();
            close(ends[1]);
            reader.join();
            close(ends[0]);
            BOOST_TEST((received == record(script)));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_reader_that_has_gone_is_an_error_and_no_signal) {
    for (const bool is_socket : {false, true}) {
        int ends[2];
        BOOST_REQUIRE((is_socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends)) == 0);
        close(ends[0]);
        FileSink sink(ends[1], "a pipe");
        ChunkWriter writer(sink, 1);
        BOOST_CHECK_EXCEPTION(writer.write(ChunkKind::meta, {}, {}), Error,
                              says("a pipe: cannot be written at byte 0: Broken pipe"));
        close(ends[1]);
    }
    sigset_t pending;
    sigpending(&pending);
    BOOST_TEST(sigismember(&pending, SIGPIPE) == 0);
}

BOOST_AUTO_TEST_CASE(a_payload_beyond_the_cap_is_refused_and_costs_nothing) {
    MemorySink sink;
    ChunkWriter writer(sink, 1);
    const Content large(kMaxPayloadBytes + 1);
    BOOST_CHECK_EXCEPTION(writer.write(ChunkKind::meta, {}, large), Error, says("split it"));
    writer.write(ChunkKind::meta, {}, {});
    writer.write(ChunkKind::key, {}, std::span(large).first(kMaxPayloadBytes));
    writer.close();
    const Reading reading = read_all(sink.view());
    BOOST_TEST(reading.chunks.size() == 2u);
    BOOST_TEST(reading.chunks[1].payload.size() == kMaxPayloadBytes);
}

BOOST_AUTO_TEST_SUITE_END()
