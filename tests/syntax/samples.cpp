#include "samples.h"

namespace lacuna::syntax {
namespace {

constexpr Sample table[] = {
    {"python", R"x(import math


class Circle:
    """A round thing."""

    def __init__(self, radius: float) -> None:
        self.radius = radius

    def area(self) -> float:
        # the usual formula
        return math.pi * self.radius ** 2


def describe(circles):
    for index, circle in enumerate(circles):
        if circle.radius > 10:
            print(f"{index}: {circle.area():.2f}")
        else:
            print('small', [c for c in "abc" if c != 'b'])
    return {"count": len(circles), 'list': (1, 2)}
)x"},
    {"javascript", R"x(import fs from 'fs';

const limits = { small: 10, large: 100 };

export async function load(path, ...rest) {
  const text = await fs.promises.readFile(path, `utf-${8}`);
  // keep the lines that say something
  const lines = text.split(/\r?\n/).filter((line) => line.length > 0);
  if (lines.length > limits.large) {
    throw new Error("too many");
  }
  return lines.map((line, i) => <Row key={i} value={line} />);
}

class Queue {
  #items = [];
  push(item) { this.#items.push(item); }
}
)x"},
    {"typescript", R"x(interface Shape {
  readonly name: string;
  area(): number;
}

export class Square implements Shape {
  constructor(public readonly name: string, private side: number) {}

  area(): number {
    return this.side ** 2;
  }
}

type Named<T> = T & { name: string };

export function largest<T extends Shape>(shapes: T[]): T | undefined {
  let best: T | undefined;
  for (const shape of shapes) {
    if (!best || shape.area() > best.area()) best = shape;
  }
  return best;
}
)x"},
    {"typescriptreact", R"x(import React from 'react';

interface Props {
  items: string[];
  onPick?: (item: string) => void;
}

export function List({ items, onPick }: Props): JSX.Element {
  return (
    <ul className="list">
      {items.map((item) => (
        <li key={item} onClick={() => onPick?.(item)}>
          {item}
        </li>
      ))}
    </ul>
  );
}
)x"},
    {"c", R"x(#include <stdio.h>

#define LIMIT 16

struct node {
  int value;
  struct node *next;
};

static int sum(const struct node *list) {
  int total = 0;
  for (const struct node *n = list; n != NULL; n = n->next) {
    total += n->value; /* may overflow */
  }
  return total;
}

int main(void) {
  struct node last = {3, NULL};
  char mark = '{';
  printf("%d%c\n", sum(&last), mark);
  return 0;
}
)x"},
    {"cpp", R"x(#include <memory>
#include <vector>

namespace shapes {

template <class T>
class Stack {
 public:
  explicit Stack(size_t capacity) : capacity_(capacity) {}
  void push(T value) {
    if (items_.size() == capacity_) return;
    items_.push_back(std::move(value));
  }

 private:
  std::vector<T> items_;
  size_t capacity_ = 1'000;
};

auto make = [](int n) -> std::unique_ptr<Stack<int>> {
  auto stack = std::make_unique<Stack<int>>(n);
  for (int i = 0; i < n; ++i) stack->push(i);
  return stack;
};

}  // namespace shapes
)x"},
    {"go", R"x(package main

import (
	"fmt"
	"strings"
)

type Counter struct {
	words map[string]int
}

func (c *Counter) Add(text string) error {
	if text == "" {
		return fmt.Errorf("nothing to count")
	}
	for _, word := range strings.Fields(text) {
		c.words[word]++
	}
	return nil
}

func main() {
	c := &Counter{words: map[string]int{}}
	if err := c.Add(`one two`); err != nil {
		panic(err)
	}
}
)x"},
    {"rust", R"x(use std::collections::HashMap;

#[derive(Debug, Clone)]
pub struct Graph<'a> {
    edges: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> Graph<'a> {
    /// Adds an edge.
    pub fn connect(&mut self, from: &'a str, to: &'a str) {
        self.edges.entry(from).or_insert_with(Vec::new).push(to);
    }

    pub fn degree(&self, node: &str) -> Option<usize> {
        let separator = '{';
        match self.edges.get(node) {
            Some(targets) if !targets.is_empty() => Some(targets.len()),
            _ => None,
        }
    }
}

fn main() {
    let mut graph = Graph { edges: HashMap::new() };
    graph.connect("a", "b");
    println!("{:?} {}", graph.degree("a"), 1 + 2);
}
)x"},
    {"java", R"x(package demo;

import java.util.List;

/** Greets. */
public final class Greeter {
    private final List<String> names;

    public Greeter(List<String> names) {
        this.names = names;
    }

    @Override
    public String toString() {
        StringBuilder builder = new StringBuilder();
        for (String name : names) {
            if (name.charAt(0) == '#') continue;
            builder.append("hello ").append(name).append('\n');
        }
        return names.isEmpty() ? "" : builder.toString();
    }
}
)x"},
    {"csharp", R"x(using System;
using System.Collections.Generic;

namespace Demo
{
    public class Account
    {
        public decimal Balance { get; private set; }

        public void Deposit(decimal amount)
        {
            if (amount <= 0)
            {
                throw new ArgumentException($"bad amount {amount}");
            }
            Balance += amount;
        }

        public IEnumerable<int> Days() => new List<int> { 1, 2, 3 };
    }
}
)x"},
    {"ruby", R"x(require 'set'

module Store
  class Basket
    attr_reader :items

    def initialize(items = [])
      @items = items
    end

    def total
      items.map { |item| item[:price] * item.fetch(:count, 1) }.sum
    end

    def describe
      items.each do |item|
        puts "#{item[:name]}: #{item[:price]}" unless item[:hidden]
      end
      %w[small large].include?('small') ? :ok : :odd
    end
  end
end
)x"},
    {"php", R"x(<?php

namespace App;

final class Router
{
    private array $routes = [];

    public function add(string $path, callable $handler): void
    {
        $this->routes[$path] = $handler;
    }

    public function run(string $path): ?string
    {
        if (!isset($this->routes[$path])) {
            return null;
        }
        $result = ($this->routes[$path])();
        return "{$path}: $result";
    }
}
)x"},
    {"shellscript", R"x(#!/bin/bash
set -euo pipefail

usage() {
  echo "usage: $0 [-v] FILE" >&2
  exit 2
}

verbose=0
while getopts "v" option; do
  case "$option" in
    v) verbose=1 ;;
    *) usage ;;
  esac
done

for file in "$@"; do
  if [[ -f "$file" && $verbose -eq 1 ]]; then
    echo "lines: $(wc -l < "$file")"
  fi
done
)x"},
    {"json", R"x({
  "name": "lacuna",
  "version": 1.5,
  "list": [1, 2, {"deep": null}],
  "open": true,
  "text": "a \"quoted\" word"
}
)x"},
};

}  // namespace

std::span<const Sample> samples() {
  return table;
}

}  // namespace lacuna::syntax
