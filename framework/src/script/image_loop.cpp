#include "script/image_loop.hpp"

#include "canon/error.hpp"
#include "canon/world.hpp"
#include "script/vm.hpp"

namespace canon::script {

struct ImageLoop::Parts {
    explicit Parts(const Vm::Setup& setup) : vm(setup), world(vm.schema()) {
        world.freeze();
        vm.context().world = &world;
    }
    Vm vm;
    World world;
};

ImageLoop::ImageLoop(std::shared_ptr<const Program> program) {
    Vm::Setup setup;
    setup.program = std::move(program);
    // Never overdue: a run that other programs have held up would be made again, counted.
    setup.limits.watch_nanoseconds = 1'000'000'000;
    setup.limits.job_instructions = 2 * 4 * setup.limits.watch_nanoseconds;
    parts_ = std::make_unique<Parts>(setup);
}

ImageLoop::~ImageLoop() = default;

void ImageLoop::run(std::int64_t first, std::int64_t end) {
    Vm& vm = parts_->vm;
    Run run;
    run.argument = Run::Argument::entity;
    vm.begin_batch();
    for (run.entity = first; run.entity < end; ++run.entity)
        if (vm.run(run) != RunStatus::done)
            throw Error("a job of a benchmark failed: " + vm.fault().message);
    vm.context().actions.clear();
}

}  // namespace canon::script
