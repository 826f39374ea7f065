// ByteSource: where a recording is read from: bytes at any place, of which more may come behind.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace canon::replay {

class ByteSource {
  public:
    virtual ~ByteSource() = default;
    /// As of now: a file that is being written grows.
    virtual std::uint64_t size() = 0;
    /// Returns how many bytes there were: fewer than wanted only at the end.
    /// Fails: throws canon::Error.
    virtual std::size_t read(std::uint64_t offset, std::span<std::uint8_t> out) = 0;
    /// For messages.
    virtual const std::string& name() const noexcept = 0;
};

class FileSource final : public ByteSource {
  public:
    /// Fails: throws canon::Error where there is no such file or it is not one that can be read at
    /// any place.
    explicit FileSource(const std::string& path);
    ~FileSource() override;
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    std::uint64_t size() override;
    std::size_t read(std::uint64_t offset, std::span<std::uint8_t> out) override;
    const std::string& name() const noexcept override { return path_; }

  private:
    [[noreturn]] void fail(const char* what, int number) const;

    std::string path_;
    int descriptor_ = -1;
};

class MemorySource final : public ByteSource {
  public:
    /// Borrows: `bytes`.
    explicit MemorySource(std::span<const std::uint8_t> bytes, std::string name = "memory");
    /// As if the file had grown to, or been cut to, these.
    void set(std::span<const std::uint8_t> bytes) noexcept { bytes_ = bytes; }

    std::uint64_t size() override { return bytes_.size(); }
    std::size_t read(std::uint64_t offset, std::span<std::uint8_t> out) override;
    const std::string& name() const noexcept override { return name_; }

  private:
    std::span<const std::uint8_t> bytes_;
    std::string name_;
};

}  // namespace canon::replay
