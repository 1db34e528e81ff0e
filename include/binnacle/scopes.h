#pragma once

#include <binnacle/arena_scope.h>
#include <binnacle/http_scope.h>
#include <binnacle/llm_scope.h>
#include <binnacle/marketplace_scope.h>
#include <binnacle/payment_scope.h>
#include <binnacle/rag_scope.h>
#include <binnacle/task_scope.h>

// All scopes: spans of known kinds of work, with their attributes and instruments. What they share
// is in scope.h, what becomes of content in content.h.
