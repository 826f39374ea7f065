// Vms: one VM for each place of a WorkerPool, all with the same program.
#pragma once
#include <memory>
#include <vector>

#include "script/vm.hpp"

namespace canon::jobs {

class Vms {
  public:
    /// Fails: throws canon::Error if the program cannot be loaded, or if two VMs loaded it
    /// differently.
    Vms(unsigned count, const script::Vm::Setup& setup);

    unsigned size() const noexcept { return static_cast<unsigned>(vms_.size()); }
    script::Vm& operator[](unsigned worker) noexcept { return *vms_[worker]; }
    const script::Vm& operator[](unsigned worker) const noexcept { return *vms_[worker]; }

  private:
    std::vector<std::unique_ptr<script::Vm>> vms_;
};

}  // namespace canon::jobs
