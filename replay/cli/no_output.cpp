#include "cli/frame_output.hpp"

namespace canon::cli {
namespace {

class NoOutput final : public FrameOutput {
  public:
    void start(const FrameReport&) override {}
    void frame(const FrameReport&) override {}
    void finish(const Summary&) override {}
    void chaos(const ChaosReport&) override {}
};

}  // namespace

std::unique_ptr<FrameOutput> make_no_output() { return std::make_unique<NoOutput>(); }

}  // namespace canon::cli
