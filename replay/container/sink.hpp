// Sink: where a recording is written to, from its beginning to its end, never back.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "canon/bytes.hpp"

namespace canon::replay {

class Sink {
  public:
    virtual ~Sink() = default;
    /// All of `bytes`, or an error. Fails: throws canon::Error; some of the bytes may be written.
    virtual void write(std::span<const std::uint8_t> bytes) = 0;
    /// Returns when what was written would outlast a loss of power.
    /// Fails: throws canon::Error; what was written since the last sync may be lost then.
    virtual void sync() = 0;
};

/// A file, a pipe, a socket or a device.
class FileSink final : public Sink {
  public:
    /// Creates the file, or empties the one that is there.
    /// Fails: throws canon::Error.
    explicit FileSink(const std::string& path);
    /// Borrows: `descriptor`, which stays open. `name` is for messages.
    FileSink(int descriptor, std::string name);
    /// Closes what it opened, without a word about errors: see close.
    ~FileSink() override;
    FileSink(const FileSink&) = delete;
    FileSink& operator=(const FileSink&) = delete;

    /// Waits where the descriptor does not block. A reader that has gone is an error, not a signal.
    void write(std::span<const std::uint8_t> bytes) override;
    /// Of a pipe, a socket or a device: nothing.
    void sync() override;
    /// Fails: throws canon::Error: some file systems tell only now that a write failed.
    void close();

  private:
    std::size_t write_some(std::span<const std::uint8_t> bytes);
    [[noreturn]] void fail(const char* what, int number) const;

    int descriptor_ = -1;
    std::string name_;
    std::uint64_t written_ = 0;
    bool is_owned_ = false;
    bool is_regular_ = false;
    bool has_new_name_ = false;  ///< the folder does not yet hold it safely
};

class MemorySink final : public Sink {
  public:
    void write(std::span<const std::uint8_t> bytes) override { bytes_.append(bytes); }
    void sync() override {}
    std::span<const std::uint8_t> view() const noexcept { return bytes_.view(); }
    void clear() noexcept { bytes_.clear(); }

  private:
    Bytes bytes_;
};

}  // namespace canon::replay
