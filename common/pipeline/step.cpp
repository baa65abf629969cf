// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/pipeline/step.h"

namespace mediaferry::pipeline {

std::string_view to_text(StepStatus status) {
    switch (status) {
        case StepStatus::pending: return "pending";
        case StepStatus::running: return "running";
        case StepStatus::done: return "done";
        case StepStatus::attention: return "attention";
    }
    return "";
}

}  // namespace mediaferry::pipeline
