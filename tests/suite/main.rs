//! One binary for all integration tests; a file each subject.

mod profiles;
