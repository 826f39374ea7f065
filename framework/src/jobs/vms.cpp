#include "jobs/vms.hpp"

#include "canon/error.hpp"

namespace canon::jobs {

Vms::Vms(unsigned count, const script::Vm::Setup& setup) {
    for (unsigned i = 0; i < count; ++i) {
        vms_.push_back(std::make_unique<script::Vm>(setup));
        // The check that no trace of the machine (addresses, clock, history) is in the heap that
        // scripts start from.
        // In canonical mode the seed may be another one in each.
        const bool same_image = setup.mode == SimulationMode::canonical ||
                                vms_[i]->image_digest() == vms_[0]->image_digest();
        if (!same_image || vms_[i]->schema()->digest() != vms_[0]->schema()->digest())
            throw MachineError(
                "two workers loaded the same program into different heaps: results would depend on "
                "the worker. This is a bug of Canon or of this build of Lua");
    }
}

}  // namespace canon::jobs
