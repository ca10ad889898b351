//! What a launch may hold.

use crate::http::message::{Fields, Shape};

pub(super) const LAUNCH: &Fields = &[
    ("launchParameter", Shape::Message(PARAMETER)),
    ("validateOnly", Shape::Bool),
];

const PARAMETER: &Fields = &[
    ("jobName", Shape::Text),
    ("containerSpec", Shape::Unserved),
    ("containerSpecGcsPath", Shape::Text),
    ("parameters", Shape::Texts),
    ("launchOptions", Shape::Texts),
    ("environment", Shape::Message(ENVIRONMENT)),
    ("update", Shape::Bool),
    ("transformNameMappings", Shape::Texts),
];

const ENVIRONMENT: &Fields = &[
    ("additionalExperiments", Shape::List(&Shape::Text)),
    ("additionalPipelineOptions", Shape::List(&Shape::Text)),
    ("additionalUserLabels", Shape::Texts),
    (
        "autoscalingAlgorithm",
        Shape::Enum(&[
            "AUTOSCALING_ALGORITHM_UNKNOWN",
            "AUTOSCALING_ALGORITHM_NONE",
            "AUTOSCALING_ALGORITHM_BASIC",
        ]),
    ),
    ("diskSizeGb", Shape::Int),
    ("dumpHeapOnOom", Shape::Bool),
    ("enableLauncherVmSerialPortLogging", Shape::Bool),
    ("enableStreamingEngine", Shape::Bool),
    (
        "flexrsGoal",
        Shape::Enum(&["FLEXRS_UNSPECIFIED", "FLEXRS_SPEED_OPTIMIZED", "FLEXRS_COST_OPTIMIZED"]),
    ),
    (
        "ipConfiguration",
        Shape::Enum(&["WORKER_IP_UNSPECIFIED", "WORKER_IP_PUBLIC", "WORKER_IP_PRIVATE"]),
    ),
    ("kmsKeyName", Shape::Text),
    ("launcherMachineType", Shape::Text),
    ("machineType", Shape::Text),
    ("maxWorkers", Shape::Int),
    ("network", Shape::Text),
    ("numWorkers", Shape::Int),
    ("saveHeapDumpsToGcsPath", Shape::Text),
    ("sdkContainerImage", Shape::Text),
    ("serviceAccountEmail", Shape::Text),
    ("stagingLocation", Shape::Text),
    (
        "streamingMode",
        Shape::Enum(&[
            "STREAMING_MODE_UNSPECIFIED",
            "STREAMING_MODE_EXACTLY_ONCE",
            "STREAMING_MODE_AT_LEAST_ONCE",
        ]),
    ),
    ("subnetwork", Shape::Text),
    ("tempLocation", Shape::Text),
    ("workerRegion", Shape::Text),
    ("workerZone", Shape::Text),
    ("zone", Shape::Text),
];
