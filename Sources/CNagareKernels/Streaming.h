#pragma once

/// Elements of an output that no cache holds until it is read: it is written past the caches.
#define STREAMED 4194304
