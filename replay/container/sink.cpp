#include "container/sink.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "canon/error.hpp"

namespace canon::replay {
namespace {

// While it lives, writing to a pipe or socket whose reader has gone gives EPIPE, and no signal.
class NoPipeSignal {
  public:
    NoPipeSignal() {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~NoPipeSignal() {
        const timespec at_once{};
        if (!was_pending_)
            while (sigtimedwait(&pipe_, nullptr, &at_once) == -1 && errno == EINTR) continue;
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    NoPipeSignal(const NoPipeSignal&) = delete;
    NoPipeSignal& operator=(const NoPipeSignal&) = delete;

  private:
    sigset_t pipe_, before_;
    bool was_pending_;
};

const char* advice_for(int number) {
    switch (number) {
        case ENOSPC:
        case EDQUOT:
            return "; make room, or record to another place";
        case EFBIG:
            return "; the file may not become larger (see ulimit -f)";
        case EPIPE:
        case ECONNRESET:
            return "; whoever read it has gone";
        case ENOENT:
            return "; make the folder first";
        case EACCES:
        case EROFS:
        case EPERM:
            return "; choose a place where you may write";
        default:
            return "";
    }
}

int sync_folder_of(const std::string& path) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    const int descriptor =
        open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor == -1) return errno;
    const int number = fsync(descriptor) == -1 ? errno : 0;
    ::close(descriptor);
    return number == EINVAL ? 0 : number;  // file systems without such a thing
}

}  // namespace

void FileSink::fail(const char* what, int number) const {
    throw Error(name_ + ": " + what + " at byte " + std::to_string(written_) + ": " +
                std::system_category().message(number) + advice_for(number));
}

FileSink::FileSink(const std::string& path) : name_(path), is_owned_(true), has_new_name_(true) {
    descriptor_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor_ == -1) fail("cannot be opened for writing", errno);
    struct stat status {};
    is_regular_ = fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
}

FileSink::FileSink(int descriptor, std::string name)
    : descriptor_(descriptor), name_(std::move(name)) {
    struct stat status {};
    if (fstat(descriptor, &status) == -1) fail("cannot be written", errno);
    is_regular_ = S_ISREG(status.st_mode);
}

FileSink::~FileSink() {
    if (is_owned_ && descriptor_ != -1) ::close(descriptor_);
}

std::size_t FileSink::write_some(std::span<const std::uint8_t> bytes) {
    for (;;) {
        const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
        if (count > 0) return static_cast<std::size_t>(count);
        const int number = count == 0 ? ENOSPC : errno;  // 0: POSIX leaves open what it means
        if (number == EAGAIN || number == EWOULDBLOCK) {
            pollfd wanted{descriptor_, POLLOUT, 0};
            poll(&wanted, 1, -1);
        } else if (number != EINTR) {
            fail("cannot be written", number);
        }
    }
}

void FileSink::write(std::span<const std::uint8_t> bytes) {
    std::optional<NoPipeSignal> quiet;
    if (!is_regular_) quiet.emplace();
    while (!bytes.empty()) {
        const std::size_t count = write_some(bytes);
        written_ += count;
        bytes = bytes.subspan(count);
    }
}

void FileSink::sync() {
    if (!is_regular_) return;
    while (fdatasync(descriptor_) == -1)
        if (errno != EINTR) fail("cannot be made safe", errno);
    if (!has_new_name_) return;
    if (const int number = sync_folder_of(name_)) fail("its folder cannot be made safe", number);
    has_new_name_ = false;
}

void FileSink::close() {
    if (!is_owned_ || descriptor_ == -1) return;
    // After EINTR the descriptor is closed all the same on Linux.
    if (::close(std::exchange(descriptor_, -1)) == -1 && errno != EINTR)
        fail("cannot be closed", errno);
}

}  // namespace canon::replay
