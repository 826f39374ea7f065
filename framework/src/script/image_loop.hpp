// ImageLoop: the bare loop of the benchmarks with isolation and nothing else: every call of the job
// begins with the pristine image, over a world without entities.
//
// Threads: used by one thread at a time.
#pragma once
#include <cstdint>
#include <memory>

#include "canon/program.hpp"

namespace canon::script {

class ImageLoop {
  public:
    /// Loads the program and takes its first job by name.
    /// Fails: throws canon::Error if it cannot be loaded.
    explicit ImageLoop(std::shared_ptr<const Program> program);
    ~ImageLoop();
    ImageLoop(const ImageLoop&) = delete;
    ImageLoop& operator=(const ImageLoop&) = delete;

    /// Runs the job for each id of [first, end); what it asks for is dropped.
    /// Fails: throws canon::Error with the message of its fault.
    void run(std::int64_t first, std::int64_t end);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace canon::script
