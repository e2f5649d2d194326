#pragma once

/// Processors that the process may run on, or 0 where the system does not tell.
int nagare_available_processors(void);
