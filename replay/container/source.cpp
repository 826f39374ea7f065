#include "container/source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "canon/error.hpp"

namespace canon::replay {

void FileSource::fail(const char* what, int number) const {
    throw Error(path_ + ": " + what + ": " + std::system_category().message(number));
}

FileSource::FileSource(const std::string& path) : path_(path) {
    // Without O_NONBLOCK this would wait for a pipe's writer, only to be refused.
    descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor_ == -1) fail("cannot be opened for reading", errno);
    struct stat status {};
    if (fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode)) return;
    ::close(descriptor_);
    throw Error(path +
                ": is not a regular file, and a recording is read at any place; "
                "write what comes through a pipe to a file first");
}

FileSource::~FileSource() { ::close(descriptor_); }

std::uint64_t FileSource::size() {
    struct stat status {};
    if (fstat(descriptor_, &status) == -1) fail("cannot be read", errno);
    return static_cast<std::uint64_t>(status.st_size);
}

std::size_t FileSource::read(std::uint64_t offset, std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t count = pread(descriptor_, out.data() + done, out.size() - done,
                                    static_cast<off_t>(offset + done));
        if (count == 0) break;
        if (count > 0)
            done += static_cast<std::size_t>(count);
        else if (errno != EINTR)
            fail("cannot be read", errno);
    }
    return done;
}

MemorySource::MemorySource(std::span<const std::uint8_t> bytes, std::string name)
    : bytes_(bytes), name_(std::move(name)) {}

std::size_t MemorySource::read(std::uint64_t offset, std::span<std::uint8_t> out) {
    if (offset >= bytes_.size()) return 0;
    const std::size_t count = std::min<std::uint64_t>(out.size(), bytes_.size() - offset);
    std::memcpy(out.data(), bytes_.data() + offset, count);
    return count;
}

}  // namespace canon::replay
