//! Tests that the recipes of CONTRIBUTING.md name real files, and that the example of each recipe stands in them.

use std::fs;

use anyhow::{Context, Result, ensure};
use xtask::root::Root;

/// A step of a recipe: a file, and a piece of the example that it contains.
struct Step {
    recipe: String,
    file: String,
    example: String,
}

/// Reads the recipes: a `###` heading, then items of the form ``- `FILE` — text: `EXAMPLE` ``.
fn steps(text: &str) -> Result<Vec<Step>> {
    let (mut recipe, mut steps) = (None, Vec::new());
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            recipe = Some(title.to_owned());
        } else if let (Some(recipe), Some(item)) = (&recipe, line.strip_prefix("- ")) {
            let step = item.strip_prefix('`').and_then(|item| {
                let (file, text) = item.split_once('`')?;
                let (_, example) = text.strip_suffix('`')?.split_once(": `")?;
                Some(Step { recipe: recipe.clone(), file: file.to_owned(), example: example.to_owned() })
            });
            steps.push(step.with_context(|| format!("no file and example in {line:?}"))?);
        }
    }
    Ok(steps)
}

#[test]
fn each_recipe_step_has_its_example() -> Result<()> {
    let root = Root::here();
    let text = fs::read_to_string(root.path("CONTRIBUTING.md"))?;
    let steps = steps(&text)?;
    let recipes = text.lines().filter(|line| line.starts_with("### ")).count();
    ensure!(recipes >= 6 && steps.len() >= 4 * recipes, "only {} steps of {recipes} recipes", steps.len());
    let mut missing = Vec::new();
    for Step { recipe, file, example } in steps {
        let contains = fs::read_to_string(root.path(&file)).is_ok_and(|text| text.contains(&example));
        if !contains {
            missing.push(format!("{recipe}: {file} does not contain {example:?}"));
        }
    }
    ensure!(missing.is_empty(), "update the recipes of CONTRIBUTING.md:\n  {}", missing.join("\n  "));
    Ok(())
}

#[test]
fn a_step_without_example_is_refused() {
    assert!(steps("### Add a thing\n- `a.rs` — no example").is_err());
    assert_eq!(steps("### Add a thing\n- `a.rs` — its line: `x`").map(|steps| steps.len()).ok(), Some(1));
}
